import { EventEmitter } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Exchange } from './exchange.js';
import { prepareRequest } from './request-properties.js';
import { prepareResponse } from './prepared-response.js';

/*
 * Express gives each request and response another prototype. From then on V8 makes a hidden class of its own for each of them with
 * the first property that is added, and another with every further one: 2–3 µs each, where it is 0.02 µs before (Node 20). So what a
 * session puts on them is put there earlier, when the server tells of the request, and is without effect until the middleware
 * gives it one.
 */

/** Prepares the requests of the servers that a middleware works on. */
export class HeadStart {
  /** What forgets each server. */
  readonly #servers = new Map<EventEmitter, () => void>();
  #isOver = false;

  /** Takes note of a request that was not prepared: those that come after it on the same server will be. */
  missed(req: IncomingMessage): void {
    // Not every request that middleware is given has a socket.
    const server: unknown = Reflect.get(Object(req.socket) as object, 'server');
    if (this.#isOver || !(server instanceof EventEmitter) || this.#servers.has(server)) {
      return;
    }
    const forget = () => {
      server.off('request', prepare).off('close', forget);
      this.#servers.delete(server);
    };
    this.#servers.set(server, forget);
    server.prependListener('request', prepare).once('close', forget);
  }

  end(): void {
    this.#isOver = true;
    this.#servers.forEach((forget) => forget());
  }
}

function prepare(req: unknown, res: unknown): void {
  if (
    req instanceof IncomingMessage &&
    res instanceof ServerResponse &&
    Exchange.of(req) === undefined &&
    Exchange.of(res) === undefined
  ) {
    const exchange = new Exchange();
    prepareRequest(req, exchange);
    prepareResponse(res, exchange);
  }
}
