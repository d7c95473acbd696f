import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CookieClient } from '../support/http-server.js';
import { ADA } from '../support/login-sample.js';
import { StoresSample } from '../support/sample-stores.js';
import { hasServer, type ServerKind } from '../support/servers/has-server.js';
import { startMongo } from '../support/servers/mongo.server.js';
import { startPostgres } from '../support/servers/postgres.server.js';
import { startRedis } from '../support/servers/redis.server.js';
import type { RunningServer } from '../support/servers/running-server.js';

const LIMIT_MS = 10_000;

interface Store {
  /** Its name in `STORE`. */
  readonly name: string;
  /** Its name on the pages. */
  readonly title: string;
  /** One of ours, one made for express-session, or none but the cookie. */
  readonly kind: 'native' | 'adapted' | 'cookie';
}

interface Server {
  readonly kind: ServerKind;
  readonly variable: string;
  readonly stores: readonly Store[];
  start(): Promise<RunningServer>;
}

const EMBEDDED: readonly Store[] = [
  { name: 'lmdb', title: 'LMDB files', kind: 'native' },
  { name: 'cookie', title: 'the cookie itself, sealed', kind: 'cookie' },
];
const ON_SERVERS: readonly Server[] = [
  {
    kind: 'redis',
    variable: 'REDIS_URL',
    start: startRedis,
    stores: [
      { name: 'redis', title: 'Redis', kind: 'native' },
      { name: 'connect-redis', title: 'Redis, by connect-redis', kind: 'adapted' },
    ],
  },
  {
    kind: 'mongo',
    variable: 'MONGODB_URL',
    start: startMongo,
    stores: [
      { name: 'mongo', title: 'MongoDB', kind: 'native' },
      { name: 'connect-mongo', title: 'MongoDB, by connect-mongo', kind: 'adapted' },
    ],
  },
  {
    kind: 'postgres',
    variable: 'POSTGRES_URL',
    start: startPostgres,
    stores: [{ name: 'postgres', title: 'PostgreSQL', kind: 'native' }],
  },
];

/** Two processes on one store, driven as a browser would: one jar of cookies for both ports of a host. */
function driveStore({ name, title, kind }: Store, server: () => Record<string, string>): void {
  describe(`STORE=${name}`, { timeout: 60_000 }, () => {
    let sample: StoresSample;
    let browser: CookieClient;
    let here: string;
    let there: string;

    beforeAll(async () => {
      sample = await StoresSample.start({ STORE: name, ...server() });
      [here, there] = [sample.first.url, sample.second.url];
    });
    afterAll(() => sample?.dispose());
    beforeEach(() => {
      browser = new CookieClient(here);
    });

    const logIn = async () => {
      const answer = await browser.fetch('/login', { method: 'POST', body: new URLSearchParams(ADA) });
      expect([answer.status, answer.headers.get('location')]).toEqual([303, '/admin']);
    };
    const statusOf = async (url: string, cookie?: string) => {
      const signal = AbortSignal.timeout(LIMIT_MS);
      const answer = await (cookie === undefined
        ? browser.fetch(url)
        : fetch(url, { headers: { cookie }, signal }));
      await answer.text();
      return answer.status;
    };
    const admin = () => Promise.all([here, there].map((url) => statusOf(`${url}/admin`)));
    const visits = async (url: string) => {
      const { status, text } = await browser.read(url);
      return status === 200 ? Number(/data-testid="visits">(\d+)</.exec(text)?.[1]) : status;
    };

    it('knows nobody at first, on either port', async () => {
      expect(await admin()).toEqual([401, 401]);
      expect(browser.cookies.size).toBe(0);
    });

    it('says which process answers, where sessions are, and how to get to the other', async () => {
      await logIn();
      for (const [one, other] of [
        [sample.first, sample.second],
        [sample.second, sample.first],
      ] as const) {
        const { text } = await browser.read(one.url);
        expect(text).toContain(`<strong>port ${one.port}</strong>, process ${one.pid}`);
        expect(text).toContain(`<strong>${title}</strong>`);
        expect(text).toContain(`<code>STORE=${name}</code>`);
        expect(text).toContain(`href="${other.url}/"`);
      }
    });

    it('logged in on one, known on the other, and the counter goes on', async () => {
      await logIn();
      expect(await admin()).toEqual([200, 200]);
      expect(await visits(here)).toBe(1);
      expect(await visits(there)).toBe(2);
      expect(await visits(there)).toBe(3);
      expect(await visits(here)).toBe(4);
    });

    const isExact = kind === 'native';
    it(`${isExact ? 'P2 ' : ''}counts visits at the same time on both, ${isExact ? 'each' : 'none more than'} once`, async () => {
      await logIn();
      const statuses = await Promise.all(
        Array.from({ length: 20 }, (_, turn) => statusOf(turn % 2 === 0 ? here : there)),
      );
      expect(statuses).toEqual(statuses.map(() => 200));
      const last = await visits(here);
      expect(last).toBeLessThanOrEqual(21);
      expect(last).toBeGreaterThanOrEqual(isExact ? 21 : 2);
    });

    it('logged out on the other, out on both', async () => {
      await logIn();
      expect(await admin()).toEqual([200, 200]);
      const copy = browser.cookie;
      const answer = await browser.fetch(`${there}/logout`, { method: 'POST' });
      expect([answer.status, answer.headers.get('location')]).toEqual([303, '/']);
      expect(browser.cookies.size).toBe(0);
      expect(await admin()).toEqual([401, 401]);

      // Whoever kept the cookie has nothing, unless the session is nowhere else than in it.
      const replayed = await Promise.all([here, there].map((url) => statusOf(`${url}/admin`, copy)));
      expect(replayed).toEqual(kind === 'cookie' ? [200, 200] : [401, 401]);
    });

    it('still logged in when a process is killed and started again', async () => {
      await logIn();
      expect(await visits(here)).toBe(1);
      await sample.first.kill();
      expect(await visits(there)).toBe(2);
      await sample.first.launch();
      expect(await admin()).toEqual([200, 200]);
      expect(await visits(here)).toBe(3);
    });

    it('ends in order, and has had nothing to complain of', async () => {
      expect(await Promise.all(sample.processes.map((one) => one.stop()))).toEqual([true, true]);
      for (const { output } of sample.processes) {
        // Of a store that was made for express-session it says at the start what that cannot do.
        expect(output.match(/WARN|ERROR/g) ?? []).toEqual(kind === 'adapted' ? ['WARN'] : []);
        expect(output.split('Stop with Ctrl+C')[1]?.trim()).toBe('');
      }
    });
  });
}

describe('sample/02-stores on what needs no server', () => {
  for (const store of EMBEDDED) driveStore(store, () => ({}));
});

for (const { kind, variable, start, stores } of ON_SERVERS) {
  const isThere = await hasServer(kind, `sample/02-stores on ${kind}`);
  describe.skipIf(!isThere)(`sample/02-stores on ${kind}`, () => {
    let server: RunningServer;

    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server?.stop());

    for (const store of stores) driveStore(store, () => ({ [variable]: server.url }));
  });
}
