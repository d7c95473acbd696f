import type { SessionOptions } from 'nest-sessions';
import { type FakeClock, fakeClock } from 'nest-sessions/testing';
import { describe, expect, it } from 'vitest';
import type { CookieClient } from '../../support/http-server.js';
import { deferred } from '../../support/deferred.js';
import { nestApp } from '../../support/nest-app.js';
import { nodeApp } from '../../support/session-app.js';
import { domainOf, sealOf, WatchedSeal } from './watched-seal.js';

const MINUTE = 60_000;

interface TimedApp {
  readonly clock: FakeClock;
  readonly seal: WatchedSeal;
  /** A client that Ada is logged in with. */
  readonly client: CookieClient;
  /** Who a client is. */
  who(client?: CookieClient): Promise<string>;
  /** The cookies that an answer sets. */
  cookies(path: string): Promise<string[]>;
}

/** An application with Ada logged in; idle after 30 minutes, over after 12 hours, touched every 3 minutes. */
async function timed(options: Partial<SessionOptions> = {}): Promise<TimedApp> {
  const clock = fakeClock(Date.now());
  const seal = new WatchedSeal();
  const app = await nestApp({
    options: { store: seal, clock, ...options },
    scripts: {
      login: ({ sessions }) => sessions.login('ada', { data: { user: 'Ada' } }),
      who: async ({ sessions }) => {
        await sessions.load();
        return `${sessions.principal} ${sessions.get('user')}`;
      },
      change: ({ sessions }) => sessions.set('count', clock.now()),
      touch: ({ req }) => {
        (req as unknown as { session: { touch(): void } }).session.touch();
      },
      plain: () => 'plain',
      ends: ({ sessions }) =>
        [sessions.expiresAt, sessions.absoluteExpiresAt].map((end) => Number(end) - clock.now()),
      late: async ({ sessions }) => {
        clock.advance(20 * 60 * MINUTE);
        sessions.set('count', 1);
        return String(await sessions.save().catch((error: unknown) => String(error)));
      },
    },
  });
  const client = app.client();
  await client.read('/login');
  seal.calls.length = 0;
  return {
    clock,
    seal,
    client,
    who: async (one = client) => (await one.read('/who')).text,
    cookies: async (path) => (await client.fetch(path)).headers.getSetCookie(),
  };
}

const ADA = 'ada Ada';
const NOBODY = 'undefined undefined';

describe('P6 the idle timeout', () => {
  it('ends a session this long after the activity that is sealed into it, to the millisecond', async () => {
    const { clock, client, who } = await timed({ touchAfter: '29m' });
    clock.advance(30 * MINUTE - 1);
    // The answer tells of this activity; the old cookie does not.
    const old = sealOf(client);
    expect(await who()).toBe(ADA);
    client.cookies.set('sid', old);
    clock.advance(1);
    expect(await who()).toBe(NOBODY);
  });

  it('is moved by activity, with a cookie that goes out in the same response, once per touchAfter', async () => {
    const { clock, seal, cookies, who } = await timed();
    clock.advance(3 * MINUTE - 1);
    expect(await cookies('/plain')).toEqual([]);
    clock.advance(1);
    expect(await cookies('/plain')).toHaveLength(1);
    expect(await cookies('/plain')).toEqual([]);
    expect(seal.calls.filter((call) => call === 'seal')).toHaveLength(1);
    for (let round = 0; round < 4; round++) {
      clock.advance(29 * MINUTE);
      expect(await who()).toBe(ADA);
    }
  });

  it('is moved by a change as well, and then needs no touch', async () => {
    const { clock, seal, cookies, client } = await timed();
    clock.advance(5 * MINUTE);
    expect(await cookies('/change')).toHaveLength(1);
    expect(seal.calls).toEqual(['unseal', 'seal']);
    expect((await client.read('/ends')).text).toBe(
      JSON.stringify([30 * MINUTE, 12 * 60 * MINUTE - 5 * MINUTE]),
    );
  });

  it('is moved by req.session.touch() although none is due', async () => {
    const { clock, cookies } = await timed();
    clock.advance(MINUTE);
    expect(await cookies('/plain')).toEqual([]);
    expect(await cookies('/touch')).toHaveLength(1);
  });

  it('counts the use of the session only, with load: lazy; P5 what does not use it opens and seals nothing', async () => {
    const { clock, seal, cookies } = await timed({ load: 'lazy' });
    clock.advance(10 * MINUTE);
    expect(await cookies('/plain')).toEqual([]);
    expect(seal.calls).toEqual([]);
    expect(await cookies('/who')).toHaveLength(1);
    expect(seal.calls).toEqual(['unseal', 'seal']);
  });
});

describe('P6 the absolute timeout', () => {
  it('ends a session however active it is, and no change moves it', async () => {
    const { clock, client, who } = await timed({ idleTimeout: '5h' });
    for (let hours = 4; hours < 12; hours += 4) {
      clock.advance(4 * 60 * MINUTE);
      expect(await who()).toBe(ADA);
      await client.read('/change');
    }
    clock.advance(4 * 60 * MINUTE - 1);
    expect(await who()).toBe(ADA);
    clock.advance(1);
    expect(await who()).toBe(NOBODY);
  });

  it('lets nothing be sealed that came over while the request ran', async () => {
    const { client, cookies, seal, who } = await timed();
    expect(await cookies('/late')).toEqual([]);
    expect(seal.calls).toEqual(['unseal']);
    expect(await who(client)).toBe(NOBODY);
  });
});

describe('a persistent cookie', () => {
  it('lasts as long as the session, and is sent again with each activity that is written', async () => {
    const { clock, cookies } = await timed({ cookie: { maxAge: 60 * MINUTE } });
    clock.advance(5 * MINUTE);
    expect(await cookies('/plain')).toEqual([]);
    clock.advance(MINUTE);
    const [line = ''] = await cookies('/plain');
    const expires = Date.parse(/Expires=([^;]+)/.exec(line)?.[1] ?? '');
    expect(expires).toBe(Math.floor((clock.now() + 60 * MINUTE) / 1000) * 1000);
  });

  it('is sent with every response when it is rolling, the activity with it', async () => {
    const { clock, cookies, client } = await timed({ rolling: true });
    clock.advance(MINUTE);
    expect(await cookies('/plain')).toHaveLength(1);
    expect((await client.read('/ends')).text).toBe(JSON.stringify([30 * MINUTE, 12 * 60 * MINUTE - MINUTE]));
  });
});

describe('an activity that cannot be sealed', () => {
  it('is no error for the client', async () => {
    let domain = 'a.test';
    const { clock, client, cookies } = await timed({ cookie: () => ({ domain }) });
    clock.advance(10 * MINUTE);
    domain = domainOf(4_096);
    const answer = await client.fetch('/who');
    expect([answer.status, await answer.text(), answer.headers.getSetCookie()]).toEqual([200, ADA, []]);
    domain = 'a.test';
    expect(await cookies('/who')).toHaveLength(1);
  });
});

describe('an activity that is being sealed', () => {
  it.each([
    ['used', true],
    ['not used', false],
  ])('takes nothing from what is saved meanwhile, the session %s before', async (_how, isUsed) => {
    const seal = new WatchedSeal();
    const clock = fakeClock(Date.now());
    const saved = deferred<void>('the change');
    const app = await nodeApp(
      {
        '/': (req, res) => {
          if (isUsed) {
            void req.session['user'];
          }
          res.write('a');
          void touched.then(() => {
            req.session['n'] = 1;
            req.session.save().then(saved.resolve, saved.reject);
            setImmediate(() => res.end('b'));
          });
        },
        '/show': (req, res) => void res.end(JSON.stringify({ ...req.session, cookie: undefined })),
      },
      { store: seal, clock },
    );
    const client = await app.knownClient();
    clock.advance(10 * MINUTE);
    const touch = seal.holdNext();
    const touched = touch.reached;
    const answer = client.read('/');
    await touched;
    // Whatever does not wait for the sealing has been done by then.
    await new Promise((resolve) => void setTimeout(resolve, 50));
    touch.release();
    expect((await answer).text).toBe('ab');
    await saved.promise;
    expect(seal.calls).toEqual(['seal', 'unseal', 'seal', 'seal']);
    expect((await client.read('/show')).text).toBe('{"user":"ada","n":1}');
  });

  it('goes out, and a logout that comes after the end of the response is refused', async () => {
    const seal = new WatchedSeal();
    const clock = fakeClock(Date.now());
    const late = deferred<unknown>('the error of the logout');
    const app = await nodeApp(
      {
        '/': (req, res) => {
          const { session } = req;
          res.end('out');
          void touched.then(() => session.destroy()).catch(late.resolve);
        },
        '/show': (req, res) => void res.end(JSON.stringify({ ...req.session, cookie: undefined })),
      },
      { store: seal, clock },
    );
    const client = await app.knownClient();
    clock.advance(10 * MINUTE);
    const touch = seal.holdNext();
    const touched = touch.reached;
    const answer = client.fetch('/');
    await touched;
    touch.release();
    expect((await answer).headers.getSetCookie()).toHaveLength(1);
    expect(await late.promise).toMatchObject({ code: 'session_closed' });
    expect((await client.read('/show')).text).toBe('{"user":"ada"}');
  });
});
