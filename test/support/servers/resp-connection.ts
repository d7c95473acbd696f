import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { within } from '../within.js';

const LIMIT_MS = 5_000;

/** A plain connection to Redis, for setting servers up without any driver. */
export class RespConnection {
  #received = '';

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('utf8').on('data', (text) => (this.#received += String(text)));
    socket.on('error', () => undefined);
  }

  /** Sends one command on a connection of its own and answers the reply as text: `PONG`, `-NOAUTH …`, the bulk's text. */
  static async ask(port: number, ...command: readonly (string | number)[]): Promise<string> {
    const socket = connect(port, '127.0.0.1');
    const connection = new RespConnection(socket);
    try {
      await within(LIMIT_MS, () => `no connection to port ${port}`, once(socket, 'connect'));
      return await within(LIMIT_MS, () => `no answer to ${command[0]}`, connection.#ask(command));
    } finally {
      socket.destroy();
    }
  }

  async #ask(command: readonly (string | number)[]): Promise<string> {
    const parts = command.map(String).map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`);
    this.socket.write(`*${parts.length}\r\n${parts.join('')}`);
    for (;;) {
      const reply = /^(?:\$\d+\r\n([^]*)|[+:](.*)|(-.*))\r\n$/.exec(this.#received);
      if (reply !== null) {
        return reply[1] ?? reply[2] ?? reply[3] ?? '';
      }
      await once(this.socket, 'data');
    }
  }
}
