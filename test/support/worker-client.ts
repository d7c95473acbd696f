import { createHash } from 'node:crypto';
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** No request takes longer, in milliseconds. */
const BOUND = 110_000;

/** What a worker answered. */
export interface WorkerAnswer {
  readonly status: number;
  /** The session cookie as a request sends it; empty when the answer cleared it, undefined when it left it alone. */
  readonly cookie: string | undefined;
  /** The result of the task; undefined when it failed. */
  readonly result: unknown;
  /** The process that answered. */
  readonly pid: string | undefined;
}

/** A request that has loaded its session and stands still until it is told to go on. */
export interface HeldRequest {
  /** Lets it go on, and answers what it did. */
  finish(): Promise<WorkerAnswer>;
}

/** Asks the application on one port. Connections are kept. */
export class WorkerClient {
  readonly #agent = new Agent({ keepAlive: true });

  constructor(readonly port: number) {}

  /** Has a task done. */
  async ask(task: string, input: object = {}, cookie = '', body?: string): Promise<WorkerAnswer> {
    const sent = this.#request(task, { input: JSON.stringify(input) }, cookie);
    sent.end(body);
    return answerOf(sent);
  }

  /** Sends a request, and resolves when it has loaded its session. */
  async begin(task: string, input: object = {}, cookie = ''): Promise<HeldRequest> {
    const sent = this.#request(task, { input: JSON.stringify(input), wait: '' }, cookie);
    sent.flushHeaders();
    const answered = answerOf(sent);
    answered.catch(() => undefined);
    await Promise.race([once(sent, 'information'), failsEarly(answered, task)]);
    return {
      finish() {
        sent.end();
        return answered;
      },
    };
  }

  /** Breaks off what is open. */
  close(): void {
    this.#agent.destroy();
  }

  #request(task: string, query: Record<string, string>, cookie: string): ClientRequest {
    const sent = request({
      host: '127.0.0.1',
      port: this.port,
      path: `/${task}?${new URLSearchParams(query)}`,
      method: 'POST',
      agent: this.#agent,
      headers: cookie === '' ? {} : { cookie },
    });
    const late = setTimeout(() => sent.destroy(new Error(`After ${BOUND} ms: no answer to ${task}.`)), BOUND);
    sent.on('close', () => clearTimeout(late));
    return sent;
  }
}

/** What the store knows the session of a cookie by. */
export function idOfCookie(cookie: string): string {
  const token = /^sid=s:([\w-]{43})\./.exec(decodeURIComponent(cookie))?.[1];
  if (token === undefined) {
    throw new Error('This is no session cookie.');
  }
  return createHash('sha256').update(token).digest('base64url');
}

/** What the server answers first decides: an answer before the barrier means that the request never stood there. */
async function failsEarly(answered: Promise<WorkerAnswer>, task: string): Promise<never> {
  const { status } = await answered;
  throw new Error(`The request for ${task} was answered with ${status} before it loaded its session.`);
}

async function answerOf(sent: ClientRequest): Promise<WorkerAnswer> {
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const body = await text(response);
  const status = response.statusCode ?? 0;
  const line = response.headers['set-cookie']?.find((one) => one.startsWith('sid='));
  const pair = line?.split(';')[0];
  return {
    status,
    cookie: pair === 'sid=' ? '' : pair,
    result: status < 300 ? (JSON.parse(body) as { result?: unknown }).result : undefined,
    pid: response.headers['x-worker']?.toString(),
  };
}
