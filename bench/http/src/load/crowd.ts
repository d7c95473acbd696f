import { NOBODY } from '../app/session-fields.js';
import type { Work } from '../works.js';
import { CookieJar } from './cookie-jar.js';
import { Visitor, WrongAnswerError } from './visitor.js';

/** Whom a crowd visits. */
export interface CrowdPlan {
  readonly origin: string;
  readonly clients: number;
  /** Bytes that the fields of each session have. */
  readonly bytes: number;
  /** Whether the server has sessions; else everybody is nobody. */
  readonly remembers: boolean;
  /** Whether a session is its cookie: a former one still opens after the logout. */
  readonly livesInCookie: boolean;
}

/** What a slice came to. */
export interface Slice {
  /** Pieces of work that were done, every answer of them as it should be; a login with its logout is one. */
  readonly done: number;
  readonly milliseconds: number;
}

/** The clients of one server, each with a session of its own. */
export class Crowd {
  readonly #visitors: readonly Visitor[];
  #written = 0;

  constructor(private readonly plan: CrowdPlan) {
    this.#visitors = Array.from({ length: plan.clients }, (_, n) => new Visitor(`client ${n}`, plan.origin));
  }

  /** Logs everybody in. Answers why the sessions do not fit, where they do not. */
  async enter(): Promise<string | undefined> {
    if (this.plan.livesInCookie) {
      const reason = await this.#misfit();
      if (reason !== undefined) {
        return reason;
      }
    }
    await this.#loginAll();
    await this.#checkThatAllAreIn();
    return undefined;
  }

  /** Works for so long, each client one request at a time. */
  async work(work: Work, milliseconds: number): Promise<Slice> {
    const began = performance.now();
    const end = began + milliseconds;
    const counts = await Promise.all(
      this.#visitors.map(async (visitor) => {
        let done = 0;
        while (performance.now() < end) {
          await this.#once(visitor, work);
          done += 1;
        }
        return done;
      }),
    );
    const done = counts.reduce((sum, count) => sum + count, 0);
    return { done, milliseconds: performance.now() - began };
  }

  /** Whether the work has left behind what it should have. In the end everybody is logged in. */
  async verify(work: Work): Promise<void> {
    if (work === 'login') {
      await this.#checkThatAllAreOut();
      await this.#loginAll();
    }
    await this.#checkThatAllAreIn();
  }

  async leave(): Promise<void> {
    await Promise.all(this.#visitors.map((visitor) => visitor.close()));
  }

  async #once(visitor: Visitor, work: Work): Promise<void> {
    switch (work) {
      case 'read':
        await visitor.expect('GET', '/read', this.#known(visitor.owner));
        break;
      case 'write':
        await this.#write(visitor);
        break;
      case 'unused':
        await visitor.expect('GET', '/unused', 'ok');
        break;
      case 'login':
        await this.#login(visitor);
        await visitor.expect('POST', '/logout', 'out');
        break;
    }
  }

  async #write(visitor: Visitor): Promise<void> {
    const value = `n${String((this.#written += 1)).padStart(9, '0')}`;
    await visitor.expect('GET', `/write?value=${value}`, value);
    visitor.note = value;
  }

  async #login(visitor: Visitor): Promise<void> {
    const before = visitor.former;
    await visitor.expect('POST', loginPath(visitor, this.plan.bytes), visitor.owner);
    const { remembers, livesInCookie } = this.plan;
    if (remembers && !livesInCookie && visitor.jar.header === before) {
      throw new WrongAnswerError('POST /login should have given a new cookie, but gave none');
    }
    visitor.former = visitor.jar.header;
    visitor.note = 'none';
  }

  async #loginAll(): Promise<void> {
    await Promise.all(this.#visitors.map((visitor) => this.#login(visitor)));
  }

  /** Every session is its client's own, with what that client wrote last. */
  async #checkThatAllAreIn(): Promise<void> {
    await Promise.all(
      this.#visitors.map(async (visitor) => {
        await visitor.expect('GET', '/read', this.#known(visitor.owner));
        await visitor.expect('GET', '/note', this.#known(visitor.note));
      }),
    );
  }

  /** Nobody is known any more; neither by the cookie from before the logout, where a server knows of sessions. */
  async #checkThatAllAreOut(): Promise<void> {
    await Promise.all(
      this.#visitors.map(async (visitor) => {
        await visitor.expect('GET', '/read', NOBODY);
        if (!this.plan.livesInCookie) {
          await visitor.expect('GET', '/read', NOBODY, visitor.former);
        }
      }),
    );
  }

  /** What a page tells somebody who is logged in. */
  #known(text: string): string {
    return this.plan.remembers ? text : NOBODY;
  }

  /** Why sessions of this size fit into no cookie. */
  async #misfit(): Promise<string | undefined> {
    const { bytes, origin } = this.plan;
    if (bytes < LARGE) {
      return undefined; // there, a refusal is a wrong answer
    }
    const visitor = new Visitor('client 0', origin);
    try {
      const { status, text } = await visitor.ask('POST', loginPath(visitor, bytes));
      const { longest } = visitor.jar;
      if (status !== 200) {
        const code = /"code":"(\w+)"/.exec(text)?.[1] ?? 'no code';
        return `does not fit: the login is refused with ${status} (${code})`;
      }
      const limit = CookieJar.LIMIT;
      return longest > limit
        ? `does not fit: a cookie of ${longest} bytes, browsers keep ${limit}`
        : undefined;
    } catch (error) {
      if (error instanceof WrongAnswerError && error.message.includes('Headers Overflow')) {
        return 'does not fit: a cookie that no HTTP client takes';
      }
      throw error;
    } finally {
      await visitor.close();
    }
  }
}

/** Bytes of fields from which on a cookie may be too small for them. */
const LARGE = 3_000;

function loginPath({ owner }: Visitor, bytes: number): string {
  return `/login?owner=${encodeURIComponent(owner)}&bytes=${bytes}`;
}
