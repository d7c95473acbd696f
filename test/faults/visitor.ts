import { vi } from 'vitest';
import { CookieClient } from '../support/http-server.js';

/** A request that is not answered at all in so many milliseconds throws: far more than any answer should take. */
const LIMIT = 15_000;

/** What a page answered. */
export interface Answer {
  readonly path: string;
  readonly status: number;
  readonly count: number | undefined;
  /** When it was asked and answered, in milliseconds. */
  readonly askedAt: number;
  readonly answeredAt: number;
}

/** A browser, and what it has been promised. */
export class Visitor {
  readonly client: CookieClient;
  /** The highest count that was acknowledged. */
  acknowledged = 0;
  /** How often counting was asked for. */
  asked = 0;
  /** `leaving`: a logout was asked for and not acknowledged. */
  state: 'here' | 'leaving' | 'gone' = 'here';

  constructor(url: string) {
    this.client = new CookieClient(url);
  }

  /** Whether the visitor has a session, as far as the browser knows. */
  get hasCookie(): boolean {
    return this.client.cookies.size > 0;
  }

  async get(path: string, init?: RequestInit): Promise<Answer> {
    const askedAt = performance.now();
    const signal = AbortSignal.timeout(LIMIT);
    const { status, text } = await this.client.read(path, { signal, ...init });
    const { count }: { count?: number } = status < 300 && text.startsWith('{') ? JSON.parse(text) : {};
    return { path, status, count, askedAt, answeredAt: performance.now() };
  }

  async count(): Promise<Answer> {
    this.asked += 1;
    const answer = await this.get('/count');
    if (answer.status === 200) {
      this.acknowledged = Math.max(this.acknowledged, answer.count ?? 0);
    }
    return answer;
  }

  async leave(): Promise<Answer> {
    this.state = 'leaving';
    // The browser keeps its cookie in our tests: what counts is what the server makes of it.
    const cookies = [...this.client.cookies];
    const answer = await this.get('/leave', { method: 'POST' });
    cookies.forEach(([name, value]) => this.client.cookies.set(name, value));
    if (answer.status < 300) {
      this.state = 'gone';
    }
    return answer;
  }
}

/** Asks until the answer is a good one, for half a minute at most. */
export function succeeds(ask: () => Promise<Answer>): Promise<Answer> {
  return until(ask, (status) => status < 300);
}

/** Asks until the answer is a 503, for half a minute at most. */
export function fails(ask: () => Promise<Answer>): Promise<Answer> {
  return until(ask, (status) => status === 503);
}

function until(ask: () => Promise<Answer>, isRight: (status: number) => boolean): Promise<Answer> {
  const attempt = async () => {
    const answer = await ask();
    if (!isRight(answer.status)) {
      throw new Error(`${answer.path} was answered with ${answer.status}.`);
    }
    return answer;
  };
  return vi.waitFor(attempt, { timeout: 30_000, interval: 50 });
}
