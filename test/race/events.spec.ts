import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SessionRegistry, type SessionStore } from 'nest-sessions';
import { LmdbSessionStore } from 'nest-sessions/lmdb';
import { fakeClock } from 'nest-sessions/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ControlledStore } from '../support/controlled.store.js';
import { EventRecorder } from '../support/event-recorder.js';
import { CookieClient } from '../support/http-server.js';
import { nestApp, type Script } from '../support/nest-app.js';

const scripts: Record<string, Script> = {
  login: ({ sessions }) => sessions.login('ada'),
  logout: ({ sessions }) => sessions.logout(),
  look: ({ sessions }) => sessions.principal ?? 'nobody',
};

/** Two applications, as two processes would be: each tells its own listeners, and they share what is stored. */
async function twoApps(one: SessionStore, two: SessionStore) {
  const recorder = new EventRecorder();
  const clock = fakeClock();
  const options = { clock, registry: true, onEvent: recorder.take };
  const here = await nestApp({ options: { ...options, store: one }, scripts });
  const there = await nestApp({ options: { ...options, store: two }, scripts });
  const known = here.client();
  await known.read('/login');
  expect(await recorder.taken()).toEqual(['started ada', 'login ada']);
  const same = new CookieClient(there.url);
  known.cookies.forEach((value, name) => same.cookies.set(name, value));
  return { here, there, known, same, recorder, clock };
}

describe('of two processes that end the same session one tells', () => {
  it('when both find at once that its time is up', async () => {
    const store = new ControlledStore();
    const { known, same, recorder, clock } = await twoApps(store, store);
    clock.advance(31 * 60_000);
    const reads = [store.holdAnswer('read'), store.holdAnswer('read')];
    const looks = [known.read('/look'), same.read('/look')];
    await Promise.all(reads.map(({ reached }) => reached));
    reads.forEach((read) => read.release());
    expect((await Promise.all(looks)).map(({ text }) => text)).toEqual(['nobody', 'nobody']);
    expect(await recorder.taken()).toEqual(['ended ada idle']);
  });

  it.each([
    ['the logout', 'ended ada revoked'],
    ['the revocation', 'ended ada logout'],
  ])('when a logout meets a revocation, and %s comes second', async (second, told) => {
    const store = new ControlledStore();
    const { there, known, recorder } = await twoApps(store, store);
    const registry = there.app.get(SessionRegistry);
    const held = store.holdNext('remove');
    const [first, other] = [() => known.read('/logout'), () => registry.revokeAll('ada')];
    const late = second === 'the logout' ? first() : other();
    await held.reached;
    await (second === 'the logout' ? other() : first());
    held.release();
    await late;
    expect(await recorder.taken()).toEqual([told]);
  });

  it('when both sweep at once', async () => {
    const path = await mkdtemp(join(tmpdir(), 'nest-sessions-events-'));
    onTestFinished(() => rm(path, { recursive: true }));
    const stores = [new LmdbSessionStore({ path }), new LmdbSessionStore({ path })] as const;
    const { recorder, clock } = await twoApps(...stores);
    const soon = clock.now() + 31 * 60_000;
    const counts = await Promise.all([...stores, ...stores].map((store) => store.sweep(soon, 100)));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1);
    expect(await recorder.taken()).toEqual(['ended ada idle']);
  });
});
