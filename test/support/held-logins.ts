import { vi } from 'vitest';
import { type Deferred, deferred } from './deferred.js';
import type { Script, TestNestApp } from './nest-app.js';
import { within } from './within.js';

const LIMIT_MS = 15_000;

/** Logins that stand in their handler until the application has begun to shut down. */
export class HeldLogins {
  readonly #go: Deferred<void> = deferred('the test to let it go', LIMIT_MS);
  #reached = 0;

  /** The handler of `/held`, which logs in whom the request names. */
  readonly script: Script = async ({ sessions, req }) => {
    this.#reached += 1;
    await this.#go.promise;
    await sessions.login(String(req.query['name']));
  };

  /** Shuts the application down while so many logins are under way, and answers who was told that it worked. */
  async shutDown({ app, client }: TestNestApp, count: number): Promise<string[]> {
    const names = Array.from({ length: count }, (_unused, index) => `u${index}`);
    const asked = Promise.allSettled(
      names.map((name) => client().read(`/held?name=${name}`, { method: 'POST' })),
    );
    await vi.waitFor(() => this.#haveReached(count), { timeout: LIMIT_MS });
    const closing = app.close();
    this.#go.resolve();
    const answers = await within(LIMIT_MS, () => 'a request got no answer', asked);
    app.getHttpServer().closeIdleConnections();
    await within(LIMIT_MS, () => 'the application did not close', closing);
    return names.filter((_name, index) => {
      const answer = answers[index];
      return answer?.status === 'fulfilled' && answer.value.status === 200;
    });
  }

  #haveReached(count: number): void {
    if (this.#reached !== count) {
      throw new Error(`${this.#reached} of ${count} logins have reached their handler.`);
    }
  }
}
