import type { SessionStore, Token } from 'nest-sessions';
import { type FakeClock, fakeClock } from 'nest-sessions/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { everyStore, type StartedStore } from '../support/every-store.js';
import {
  DAY,
  finish,
  HOUR,
  MINUTE,
  nameOf,
  RENEW_AFTER,
  type RenewingProcess,
  renewingProcess,
  type RenewingSetting,
} from '../support/renewing-process.js';
import { steppedStore } from '../support/stepped.store.js';
import { idOf } from '../support/tokens.js';

const GRACE = 30_000;
const stores = await everyStore('the rotation of tokens');

for (const { name, isMissing, start } of stores) {
  describe.skipIf(isMissing)(`the rotation of tokens on ${name}`, () => {
    let started: StartedStore | undefined;
    let store: SessionStore;
    let clock: FakeClock;
    let user: string;
    let count = 0;
    beforeAll(async () => {
      started = await start();
      ({ store } = started);
    });
    afterAll(() => started?.stop());
    beforeEach(() => {
      clock = fakeClock(Date.now());
      user = `user ${count++}`;
    });

    const processOn = (setting: Partial<RenewingSetting> = {}, on = store) =>
      renewingProcess(on, { clock, ...setting });

    /** A session that is due, a process whose calls are counted, and another one. */
    async function due(setting: Partial<RenewingSetting> = {}) {
      const stepped = steppedStore(store);
      const [here, there] = [processOn(setting, stepped.store), processOn(setting)];
      const old = await there.login(user);
      await there.quiet();
      clock.advance(RENEW_AFTER);
      const handle = nameOf(await there.begin(old));
      return { here, there, stepped, old, handle };
    }

    /** What must be true of a session whose clients may have these tokens: one session, listed once, and ended by its name. */
    async function expectOne(
      there: RenewingProcess,
      tokens: readonly Token[],
      { isEnded = true } = {},
    ): Promise<void> {
      const names = await Promise.all(tokens.map(async (token) => nameOf(await there.begin(token))));
      const [handle] = names;
      expect(handle).toBeDefined();
      expect(new Set(names).size).toBe(1);
      expect(await there.listed(user)).toEqual([handle]);
      if (isEnded) {
        expect(await there.revoke(user, handle)).toBe(1);
        await expectNone(there, tokens);
      }
    }

    /** The same where nobody may get in any more. */
    async function expectNone(there: RenewingProcess, tokens: readonly Token[]): Promise<void> {
      await there.quiet();
      expect(await Promise.all(tokens.map((token) => there.opens(token)))).toEqual(tokens.map(() => false));
      expect(await there.listed(user)).toEqual([]);
    }

    it('P6 moves nothing of the session but its token, and costs three calls and the index', async () => {
      const { there, here, stepped, old } = await due();
      const before = (await there.begin(old)).live.held?.record;
      stepped.at(-1, (work) => work());
      const next = await here.renew(old);
      expect(next).not.toBe(old);
      // The session itself: read, create, replace. The index: entered beside, and put in its place.
      expect(stepped.calls).toEqual(['read', 'read', 'replace', 'create', 'replace', 'read', 'replace']);
      const after = (await there.begin(next)).live.held?.record;
      const { fields, principal, handle, createdAt, absoluteAt, idle } = before ?? {};
      expect(after).toMatchObject({ fields, principal, handle, createdAt, absoluteAt, idle });
      stepped.at(-1, (work) => work());
      // The first request with it notes that it was seen, an old one takes two reads, and neither costs anything after that.
      await finish(await here.begin(next));
      expect(stepped.calls).toEqual(['read', 'replace']);
      stepped.at(-1, (work) => work());
      await finish(await here.begin(next));
      await finish(await here.begin(old));
      expect(stepped.calls).toEqual(['read', 'read', 'read']);
      await expectOne(there, [old, next]);
    });

    it('of two at once in two processes exactly one wins, and both clients go on (10 times)', async () => {
      for (let round = 0; round < 10; round++) {
        user = `${name} twins ${round}`;
        const { here, there, old } = await due();
        const tokens = await Promise.all([here.renew(old), there.renew(old)]);
        expect(tokens.filter((token) => token !== old)).toHaveLength(1);
        await Promise.all([here.quiet(), there.quiet()]);
        expect([...here.events, ...there.events].filter(({ type }) => type === 'renewed')).toHaveLength(1);
        await expectOne(there, [old, ...tokens]);
      }
    });

    it('of 30 parallel requests in one process one makes a copy', async () => {
      const { here, there, stepped, old } = await due();
      stepped.at(-1, (work) => work());
      const sessions = await Promise.all(Array.from({ length: 30 }, () => here.begin(old)));
      const tokens = await Promise.all(sessions.map(finish));
      expect(tokens.filter((token) => token !== old)).toHaveLength(1);
      expect(stepped.calls.filter((call) => call === 'create')).toHaveLength(1);
      await expectOne(there, tokens);
    });

    it('P2 what parallel requests with the old token write from two processes is all kept, and counts once', async () => {
      const { here, there, old } = await due();
      const processes = [here, there] as const;
      const early = await Promise.all(
        Array.from({ length: 30 }, (_unused, n) => processes[n % 2 === 0 ? 0 : 1].begin(old)),
      );
      const rotating = [here.renew(old), there.renew(old)];
      const writing = early.map(async (session, n) => {
        session.live.set(`f${n}`, n);
        await session.update((draft) => {
          draft['count'] = Number(draft['count']) + 1;
        });
        await session.commit();
      });
      const [one, two] = await Promise.all(rotating);
      await Promise.all(writing);
      const late = await there.begin(old);
      late.live.set('late', true);
      await late.commit();
      const token = one === old ? two : one;
      expect(token).not.toBe(old);
      const { live } = await here.begin(token);
      expect(live.get('count')).toBe(30);
      expect(live.get('late')).toBe(true);
      expect(early.map((_session, n) => live.get(`f${n}`))).toEqual(early.map((_session, n) => n));
      await expectOne(there, [old, token ?? old]);
    });

    it('P1 a logout, a revocation or a login at the same time ends it for good (5 times each)', async () => {
      for (let round = 0; round < 15; round++) {
        user = `${name} ending ${round}`;
        const { here, there, old, handle } = await due({
          limit: { maxSessions: 1, onLimit: 'evict-oldest' },
        });
        const [renewing, session] = [await here.begin(old), await there.begin(old)];
        const ends = [
          () => session.destroy(),
          () => there.revoke(user, handle),
          async () => there.revoke(user, nameOf(await there.begin(await there.login(user)))),
        ] as const;
        const [token] = await Promise.all([finish(renewing), ends[round % 3]?.()]);
        await here.quiet();
        await expectNone(there, [old, token]);
      }
    });

    /** Everything that somebody else may do while a token is rotated, and what must be true then. */
    const MEANWHILE: Readonly<
      Record<
        string,
        {
          readonly setting?: Partial<RenewingSetting>;
          readonly isOver?: boolean;
          act(there: RenewingProcess, old: Token, handle: string | undefined): Promise<unknown>;
        }
      >
    > = {
      'a logout by the old token': {
        isOver: true,
        act: async (there, old) => {
          const session = await there.begin(old);
          await session.destroy();
          expect(session.reply().kind).toBe('clear');
        },
      },
      'a logout that began before': {
        isOver: true,
        act: async (there, old) => (await there.begin(old)).destroy(),
      },
      'a revocation by its name': {
        isOver: true,
        act: async (there, _old, handle) => expect(await there.revoke(user, handle)).toBe(1),
      },
      'the revocation of everything': {
        isOver: true,
        act: async (there) => expect(await there.revoke(user)).toBe(1),
      },
      'an eviction': {
        setting: { limit: { maxSessions: 1, onLimit: 'evict-oldest' } },
        isOver: true,
        act: async (there) => {
          const other = await there.login(user);
          expect(await there.revoke(user, nameOf(await there.begin(other)))).toBe(1);
        },
      },
      'a login from within it, where no other has room': {
        setting: { limit: { maxSessions: 1, onLimit: 'refuse' } },
        isOver: true,
        act: async (there, old) => {
          const other = await there.login(user, old);
          await there.quiet();
          expect(await there.revoke(user)).toBe(1);
          expect(await there.opens(other)).toBe(false);
        },
      },
      'a login on another device, with room for one': {
        setting: { limit: { maxSessions: 2, onLimit: 'refuse' } },
        act: async (there) => {
          const other = await there.login(user);
          await expect(there.login(user)).rejects.toMatchObject({ code: 'session_limit' });
          expect(await there.listed(user)).toHaveLength(2);
          await (await there.begin(other)).destroy();
          await there.quiet();
        },
      },
      'the end of the others': {
        act: async (there, _old, handle) =>
          there.sessions.end(user as never, (entry) => entry.handle !== handle),
      },
      'a change by the old token': {
        act: async (there, old) => {
          const session = await there.begin(old);
          await session.update((draft) => {
            draft['seen'] = true;
          });
        },
      },
      'a list': { act: async (there, _old, handle) => expect(await there.listed(user)).toEqual([handle]) },
      'another rotation': { act: (there, old) => there.renew(old) },
      'a confirmation by the old token': {
        act: async (there, old) => (await there.begin(old)).confirm({ elevate: { admin: true }, for: '5m' }),
      },
    };

    it.each(Object.keys(MEANWHILE))('at each step is right with %s', async (what) => {
      const { setting = {}, isOver = false, act } = MEANWHILE[what] ?? { act: async () => undefined };
      let steps = 0;
      for (let isDone = false; !isDone; steps++) {
        user = `${name} ${what} ${steps}`;
        const { here, there, stepped, old, handle } = await due(setting);
        const session = await here.begin(old);
        isDone = true;
        stepped.at(steps, async (work) => {
          isDone = false;
          await act(there, old, handle);
          return work();
        });
        const token = await finish(session);
        await Promise.all([here.quiet(), there.quiet()]);
        if (isDone) {
          break;
        }
        if (isOver) {
          await expectNone(there, [old, token]);
        } else {
          if (what === 'a change by the old token') {
            expect((await there.begin(token)).live.get('seen')).toBe(true);
          }
          await expectOne(there, [old, token]);
        }
        expect(here.failures).toEqual([]);
      }
      expect(steps).toBeGreaterThan(3);
    });

    it.each([
      ['refuses', false],
      ['does and whose answer is lost', true],
    ])('loses nothing at any call that the store %s', async (_what, isDone) => {
      let steps = 0;
      for (let isReached = true; isReached; steps++) {
        user = `${name} failing ${String(isDone)} ${steps}`;
        const { here, there, stepped, old } = await due({ limit: { maxSessions: 2, onLimit: 'refuse' } });
        const session = await here.begin(old);
        isReached = false;
        stepped.at(steps, async (work) => {
          isReached = true;
          if (isDone) {
            await work();
          }
          throw new Error('down');
        });
        const outcome = await finish(session).catch((error: unknown) => error);
        await here.quiet();
        if (isReached) {
          expect(outcome).toMatchObject({ code: 'session_unavailable' });
        }
        await expectStillGood(there, old);
      }
      expect(steps).toBeGreaterThan(5);
    });

    it('a process that dies at any call leaves one session, for the old token, with one place', async () => {
      let steps = 0;
      for (let isDone = false; !isDone; steps++) {
        user = `${name} dying ${steps}`;
        const { here, there, stepped, old } = await due({ limit: { maxSessions: 2, onLimit: 'refuse' } });
        const session = await here.begin(old);
        const dead = stepped.dieAfter(steps).then(() => false);
        isDone = await Promise.race([finish(session).then(() => true), dead]);
        await expectStillGood(there, old);
      }
      expect(steps).toBeGreaterThan(5);
    });

    /** After whatever went wrong: the old token works, gets another when it is time, and the session counts once. */
    async function expectStillGood(there: RenewingProcess, old: Token): Promise<void> {
      await expectOne(there, [old], { isEnded: false });
      const other = await there.login(user);
      await expect(there.login(user)).rejects.toMatchObject({ code: 'session_limit' });
      await (await there.begin(other)).destroy();
      await there.quiet();
      clock.advance(RENEW_AFTER);
      const again = await there.renew(old);
      expect(again).not.toBe(old);
      await there.quiet();
      await expectOne(there, [old, again]);
    }

    it('a client that takes no new cookie goes on through 50 renewals, with two reads a request', async () => {
      const { here, there, stepped, old } = await due({ absolute: 30 * DAY, renewAfter: HOUR });
      const tokens = new Set<Token>();
      for (let renewal = 0; renewal < 50; renewal++) {
        clock.advance(HOUR / 2);
        await finish(await here.begin(old));
        clock.advance(HOUR / 2);
        stepped.at(-1, (work) => work());
        const session = await here.begin(old);
        expect(stepped.calls).toEqual(renewal === 0 ? ['read'] : ['read', 'read']);
        tokens.add(await finish(session));
        await here.quiet();
      }
      expect(tokens.size).toBe(50);
      expect(tokens).not.toContain(old);
      // Those that it was given last are as good as its own.
      await expectOne(there, [old, ...[...tokens].slice(-10)]);
    });

    it('a client whose answer was lost goes on, however long its token gets no other', async () => {
      const { here, old, there } = await due({ absolute: 60 * DAY, renewAfter: 40 * DAY });
      await (await there.begin(old)).confirm({ elevate: { admin: true }, for: '5m' });
      for (let half = 0; half < 3 * 48; half++) {
        clock.advance(HOUR / 2);
        expect(await here.renew(old)).toBe(old);
        await here.quiet();
      }
      await expectOne(there, [old]);
    });

    it('is told once of a token that comes after the grace, and nobody else loses anything', async () => {
      const { here, there, old } = await due();
      const next = await here.renew(old);
      clock.advance(MINUTE);
      // Nobody has seen the new one: the old one is as good as ever.
      expect(await there.opens(old)).toBe(true);
      await finish(await here.begin(next));
      await here.quiet();
      clock.advance(GRACE);
      expect(await there.opens(old)).toBe(true);
      clock.advance(1);
      const opened = await Promise.all(
        Array.from({ length: 10 }, (_unused, n) => (n % 2 === 0 ? here : there).opens(old)),
      );
      expect(opened).toEqual(opened.map(() => false));
      const told = [...here.events, ...there.events].filter(({ type }) => type === 'token-reused');
      expect(told).toEqual([
        { type: 'token-reused', handle: nameOf(await here.begin(next)), principal: user },
      ]);
      await expectOne(there, [next]);
    });

    it('P1 a request that began with the old token follows it however late, and reports nothing', async () => {
      const { here, there, old } = await due();
      const stream = await there.begin(old);
      const next = await here.renew(old);
      await finish(await here.begin(next));
      clock.advance(20 * MINUTE);
      await finish(await here.begin(next));
      await stream.reload();
      stream.live.set('late', true);
      await stream.commit();
      expect((await here.begin(next)).live.get('late')).toBe(true);
      expect(stream.reply().kind).toBe('keep');
      await stream.destroy();
      expect(stream.reply().kind).toBe('clear');
      await expectNone(here, [old, next]);
      expect([...here.events, ...there.events].filter(({ type }) => type === 'token-reused')).toEqual([]);
    });

    it('P1 P2 a request that began 20 tokens ago still writes to its session, and ends it', async () => {
      const { here, there, old } = await due();
      const [stream, leaving] = [await there.begin(old), await there.begin(old)];
      let token = old;
      for (let step = 0; step < 20; step++) {
        token = await here.renew(token);
        await finish(await here.begin(token));
        clock.advance(RENEW_AFTER);
      }
      stream.live.set('late', true);
      await stream.commit();
      expect((await here.begin(token)).live.get('late')).toBe(true);
      await leaving.destroy();
      expect(leaving.reply().kind).toBe('clear');
      await expectNone(here, [old, token]);
      expect(there.events.map(({ type }) => type)).toContain('ended');
    });

    it('P1 a logout by a token that the store has forgotten ends the session by its name', async () => {
      const { here, there, old } = await due();
      const stream = await there.begin(old);
      const next = await here.renew(old);
      await finish(await here.begin(next));
      await store.remove(idOf(old));
      await stream.destroy();
      await expectNone(here, [next]);
    });

    it('a token that was overruled does not come back by a confirmation whose answer is lost', async () => {
      const { here, there, old } = await due();
      const next = await here.renew(old);
      await finish(await here.begin(next));
      await (await there.begin(old)).confirm({ for: '1m' });
      await there.quiet();
      clock.advance(GRACE + 1);
      expect(await there.opens(old)).toBe(false);
    });

    it('a clock that steps back an hour makes no old token good, and logs nobody out', async () => {
      const { here, there, old } = await due();
      const next = await here.renew(old);
      await finish(await here.begin(next));
      for (let step = 0; step < 12; step++) {
        clock.advance(5 * MINUTE);
        const session = await here.begin(next);
        await session.activity.write(session.live.held!);
      }
      clock.advance(-HOUR);
      expect(await there.opens(old)).toBe(false);
      expect(await there.opens(next)).toBe(true);
      clock.advance(-HOUR);
      expect(await there.opens(next)).toBe(true);
      expect(await there.renew(next)).toBe(next);
      await expectOne(there, [next]);
    });

    it('a clock that steps back during a rotation ends no session', async () => {
      const { here, there, stepped, old } = await due();
      const session = await here.begin(old);
      stepped.at(5, (work) => {
        clock.advance(-HOUR);
        return work();
      });
      const next = await finish(session);
      expect(next).not.toBe(old);
      await expectOne(there, [old, next]);
    });

    it('P8 a forward to nothing, to itself or in a circle is nobody’s', async () => {
      const { there, old } = await due();
      const at = async (token: Token, next: string) => {
        const id = idOf(token) as never;
        const record = await store.read(id);
        await store.remove(id);
        await store.create(id, { ...record!, next: next as never, fields: '{}', lengths: [] });
      };
      for (const kind of ['nothing', 'itself', 'circle'] as const) {
        const first = await there.login(user);
        const rest = await Promise.all(Array.from({ length: 2 }, () => there.login(user)));
        const row = [first, ...rest];
        for (const [n, token] of row.entries()) {
          const next = row[n + 1];
          if (next !== undefined) await at(token, idOf(next));
        }
        if (kind === 'nothing') await store.remove(idOf(row[1]!));
        if (kind === 'itself') await at(first, idOf(first));
        if (kind === 'circle') await at(row.at(-1)!, idOf(first));
        expect([kind, await there.opens(first)]).toEqual([kind, false]);
        const names = await there.listed(user);
        expect(new Set(names).size).toBe(names.length);
      }
      expect(await there.opens(old)).toBe(true);
      await there.revoke(user);
      await there.quiet();
      await expectNone(there, [old]);
    });

    it('what is elevated and when the user proved who they are is not for who comes with the old token', async () => {
      const { here, there, old } = await due();
      const session = await here.begin(old);
      await session.confirm({ elevate: { admin: true }, for: '1h' });
      const next = await finish(session);
      const seen = async (token: Token) => {
        const { live, authenticatedAt } = await there.begin(token).then((one) => ({
          live: one.live,
          authenticatedAt: one.authenticatedAt,
        }));
        return [live.get('count'), live.get('admin'), authenticatedAt !== undefined];
      };
      expect(await seen(old)).toEqual([0, undefined, false]);
      // It comes along when the one who has it gets another token, and not when another one does.
      clock.advance(RENEW_AFTER);
      const after = await there.renew(old);
      expect(after).not.toBe(old);
      expect(await seen(after)).toEqual([0, undefined, false]);
      expect(await seen(next)).toEqual([0, undefined, false]);
    });

    it('what is elevated comes along with the token that it was given to', async () => {
      const { here, there, old } = await due();
      const session = await here.begin(old);
      await session.confirm({ elevate: { admin: true }, for: '1h' });
      const next = await finish(session);
      clock.advance(RENEW_AFTER);
      const after = await there.renew(next);
      expect(after).not.toBe(next);
      const { live, authenticatedAt } = await there.begin(after);
      expect([live.get('admin'), authenticatedAt]).toEqual([true, clock.now() - RENEW_AFTER]);
    });

    it('who comes with a token that was overruled gets no successor of it', async () => {
      const { here, there, old } = await due();
      const next = await here.renew(old);
      clock.advance(RENEW_AFTER - 1);
      await finish(await here.begin(next));
      clock.advance(1);
      expect(await there.renew(old)).toBe(old);
      expect(await there.renew(next)).not.toBe(next);
    });

    it('P6 a session whose time is up when the response comes is not brought back', async () => {
      for (const setting of [{ idle: 20 * MINUTE }, { absolute: 20 * MINUTE }]) {
        user = `${user} ${Object.keys(setting).join()}`;
        const { here, there, old } = await due(setting);
        const slow = await here.begin(old);
        expect(slow.activity.isRotationDue).toBe(true);
        clock.advance(20 * MINUTE);
        expect(await finish(slow)).toBe(old);
        await expectNone(there, [old]);
      }
    });

    it.each([
      ['a request', false],
      ['one that gives it another', true],
    ])(
      'the record of an old token is kept for a day after the new one was seen by %s',
      async (_by, isDue) => {
        const { here, there, old } = await due({ idle: 5 * DAY, absolute: 30 * DAY });
        const next = await here.renew(old);
        const forward = async () => store.read(idOf(old));
        const { lastSeenAt, expiresAt, fields } = (await forward())!;
        expect([expiresAt - lastSeenAt, fields]).toEqual([6 * DAY, '{}']);
        clock.advance(isDue ? RENEW_AFTER : MINUTE);
        expect(await here.renew(next)).toEqual(isDue ? expect.not.stringMatching(next) : next);
        await here.quiet();
        expect((await forward())?.expiresAt).toBe(clock.now() + DAY);
        if ('sweep' in store && typeof store.sweep === 'function') {
          await store.sweep(clock.now() + DAY - 1, 1_000);
          expect(await forward()).toBeDefined();
          await store.sweep(clock.now() + DAY + HOUR, 1_000);
          expect(await forward()).toBeUndefined();
        }
        await expectOne(there, [next]);
      },
    );
  });
}
