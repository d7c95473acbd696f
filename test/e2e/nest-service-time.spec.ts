import type { SessionOptions, SessionRecord } from 'nest-sessions';
import { fakeClock } from 'nest-sessions/testing';
import { describe, expect, it } from 'vitest';
import { nestApp } from '../support/nest-app.js';
import { settled } from '../support/settled.js';
import { idOf, tokenOf } from '../support/tokens.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A client with a session on a clock that stands still until the test moves it. */
async function begun(options: Partial<SessionOptions> = {}) {
  // Not in the past: clients drop a cookie whose Expires is.
  const clock = fakeClock(Date.now());
  const app = await nestApp({
    options: { clock, ...options },
    scripts: {
      begin: ({ sessions }) => sessions.login('ada', { data: { count: 0 } }),
      who: async ({ sessions }) => {
        await sessions.load();
        return `${sessions.principal}`;
      },
      count: ({ sessions }) => sessions.update((draft) => void (draft.count = (draft.count ?? 0) + 1)),
      ends: ({ sessions }) => `${sessions.absoluteExpiresAt?.getTime()} ${sessions.expiresAt?.getTime()}`,
      health: () => 'fine',
      remember: ({ req }) => void (req.session.cookie.maxAge = 24 * HOUR),
      greet: ({ sessions }) => sessions.set('user', 'Ada'),
    },
  });
  const known = app.client();
  await known.read('/begin');
  const id = idOf(tokenOf(known));
  return {
    ...app,
    known,
    clock,
    id,
    stored: () => app.store.inner.read(id),
    /** Who is logged in, so many milliseconds later. */
    async after(ms: number) {
      clock.advance(ms);
      const { text } = await known.read('/who');
      // The touch is not waited for by the response.
      await settled();
      return text;
    },
  };
}

describe('the idle timeout', () => {
  it('P6 ends a session this long after the last activity that was written, to the millisecond', async () => {
    const { after } = await begun();
    expect(await after(30 * MINUTE - 1)).toBe('ada');
    expect(await after(30 * MINUTE - 1)).toBe('ada');
    expect(await after(30 * MINUTE)).toBe('undefined');
  });

  it('P6 is never late: a request that was not written down does not add to it', async () => {
    const { after, store } = await begun();
    expect(await after(3 * MINUTE - 1)).toBe('ada');
    expect(store.count('touch')).toBe(0);
    expect(await after(27 * MINUTE + 1)).toBe('undefined');
  });

  it('P6 is at most touchAfter early: the activity is written once it is that old', async () => {
    const { after, store, clock, stored } = await begun();
    expect(await after(3 * MINUTE)).toBe('ada');
    expect(store.count('touch')).toBe(1);
    expect(await stored()).toMatchObject({ lastSeenAt: clock.now(), expiresAt: clock.now() + 30 * MINUTE });
    expect(await after(1)).toBe('ada');
    expect(store.count('touch')).toBe(1);
    expect(await after(30 * MINUTE - 2)).toBe('ada');
  });

  it('P5 writes nothing else for it: a change brings the activity along', async () => {
    const { known, clock, store, stored } = await begun();
    clock.advance(5 * MINUTE);
    await known.read('/count');
    await settled();
    expect(store.count('touch')).toBe(0);
    expect(await stored()).toMatchObject({ lastSeenAt: clock.now() });
  });

  it('counts requests that do not use their session, unless it is lazy', async () => {
    for (const [load, touches] of [
      ['eager', 1],
      ['lazy', 0],
    ] as const) {
      const { known, clock, store } = await begun({ load });
      clock.advance(5 * MINUTE);
      await known.read('/health');
      await settled();
      expect([load, store.count('touch')]).toEqual([load, touches]);
    }
  });

  it('P6 goes by the record whatever its expiresAt says, which is what an engine’s TTL goes by', async () => {
    const { after, store, id, stored } = await begun();
    const { version, lastSeenAt } = (await stored()) as SessionRecord;
    await store.inner.touch(id, version, lastSeenAt, lastSeenAt + 100 * HOUR);
    expect(await after(30 * MINUTE)).toBe('undefined');
  });

  it('P6 removes the record of a session that it finds expired, and gives a new token then', async () => {
    const { after, known, store, stored } = await begun();
    const before = tokenOf(known);
    expect(await after(30 * MINUTE)).toBe('undefined');
    expect(await stored()).toBeUndefined();
    await known.read('/greet');
    expect(tokenOf(known)).not.toBe(before);
    expect(store.stored).toEqual([{ user: 'Ada' }]);
  });

  it('P6 a touch that is late does not make an expired session valid again', async () => {
    const { known, store, clock, after, stored } = await begun();
    const touch = store.holdNext('touch');
    clock.advance(29 * MINUTE);
    await known.read('/health');
    await touch.reached;
    expect(await after(MINUTE)).toBe('undefined');
    touch.release();
    await settled();
    expect(await stored()).toBeUndefined();
  });

  it('P10 a touch that fails is a line in the log, nothing else', async () => {
    const { store, after, log } = await begun();
    store.failNext('touch');
    expect(await after(5 * MINUTE)).toBe('ada');
    expect(log.errors).toHaveLength(1);
    expect(log.errors[0]?.message).toMatch(/The session store failed at touch/);
  });
});

describe('the absolute timeout', () => {
  it('P6 ends a session this long after its login, however active it is', async () => {
    const { after, known, clock } = await begun();
    const end = clock.now() + 12 * HOUR;
    while (clock.now() < end - 15 * MINUTE) {
      expect(await after(15 * MINUTE)).toBe('ada');
      await known.read('/count');
      expect((await known.read('/ends')).text).toMatch(new RegExp(`^${end} `));
    }
    expect(await after(15 * MINUTE - 1)).toBe('ada');
    expect((await known.read('/ends')).text).toBe(`${end} ${end}`);
    expect(await after(1)).toBe('undefined');
  });

  it('P6 a session’s own maxAge does not move it', async () => {
    const { known, clock, after, stored } = await begun({ absoluteTimeout: '1h' });
    const { absoluteAt } = (await stored()) as SessionRecord;
    await known.read('/remember');
    expect(await stored()).toMatchObject({ absoluteAt, idle: 24 * HOUR, expiresAt: absoluteAt });
    clock.set(absoluteAt - 1);
    expect(await after(0)).toBe('ada');
    expect(await after(1)).toBe('undefined');
  });

  it('begins anew with a login', async () => {
    const { known, clock, after } = await begun({ absoluteTimeout: '1h' });
    clock.advance(20 * MINUTE);
    await known.read('/begin');
    const end = clock.now() + HOUR;
    expect(await after(25 * MINUTE)).toBe('ada');
    expect(await after(25 * MINUTE)).toBe('ada');
    expect((await known.read('/ends')).text).toMatch(new RegExp(`^${end} `));
  });
});
