import { describe, expect, it } from 'vitest';
import { PENDING_FOR } from '../../src/core/index-entries.js';
import type { Script } from '../support/nest-app.js';
import { withRegistry } from '../support/registry-app.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const confirm: Script = ({ sessions }) => sessions.confirm();

describe('a clock that is set back an hour', () => {
  it('logs nobody out, and lists and counts all', async () => {
    const { device, knows, registry, listed, clock } = await withRegistry();
    const [one, two] = [await device(), await device()];
    clock.advance(-HOUR);
    const three = await device();
    expect(await Promise.all([one, two, three].map(knows))).toEqual(['ada', 'ada', 'ada']);
    expect((await listed(three)).map(({ isCurrent }) => isCurrent)).toEqual([false, false, true]);
    expect(await registry.count('ada')).toBe(3);
  });

  it('P1 leaves it possible to end one, the others and all', async () => {
    const { device, knows, registry, listed, clock } = await withRegistry();
    const devices = [await device(), await device(), await device()] as const;
    clock.advance(-HOUR);
    const four = await device();
    const [first] = await listed(four);
    expect(await registry.revoke('ada', first?.handle ?? '')).toBe(true);
    expect(await knows(devices[0])).toBe('nobody');
    expect((await devices[1].read('/others')).text).toBe('2');
    expect(await Promise.all([...devices, four].map(knows))).toEqual(['nobody', 'ada', 'nobody', 'nobody']);
    expect(await registry.revokeAll('ada')).toBe(1);
    expect(await knows(devices[1])).toBe('nobody');
  });

  it('P6 makes no session immortal: idle and absolute limits still end it', async () => {
    const { device, knows, registry, clock } = await withRegistry({
      idleTimeout: '30m',
      absoluteTimeout: '3h',
    });
    const [idle, busy] = [await device(), await device()];
    clock.advance(-HOUR);
    for (let minutes = 0; minutes <= 100; minutes += 20) {
      expect(await knows(busy)).toBe('ada');
      clock.advance(20 * MINUTE);
    }
    expect(await knows(idle)).toBe('nobody');
    expect(await registry.count('ada')).toBe(1);
    for (let minutes = 120; minutes < 240; minutes += 20) {
      expect(await knows(busy)).toBe('ada');
      clock.advance(20 * MINUTE);
    }
    expect(await knows(busy)).toBe('nobody');
    expect(await registry.count('ada')).toBe(0);
  });

  it('P1 still ends the session of the earliest login for one too many', async () => {
    const { device, knows, registry, clock } = await withRegistry({ maxSessions: 2 });
    const one = await device();
    clock.advance(-HOUR);
    const two = await device();
    clock.advance(-HOUR);
    const three = await device();
    expect(await Promise.all([one, two, three].map(knows))).toEqual(['nobody', 'ada', 'ada']);
    clock.advance(3 * HOUR - 90 * MINUTE);
    expect(await registry.count('ada')).toBeLessThanOrEqual(2);
  });

  it('P1 still refuses one too many', async () => {
    const { device, client, registry, clock } = await withRegistry({ maxSessions: 2, onLimit: 'refuse' });
    await device();
    clock.advance(-HOUR);
    await device();
    expect((await client().read('/login')).status).toBe(409);
    expect(await registry.count('ada')).toBe(2);
  });

  it('shows each session once in pages, whichever has ended', async () => {
    const { device, registry, clock } = await withRegistry();
    for (let n = 0; n < 6; n++) {
      await device();
      clock.advance(n === 2 ? -HOUR : 1);
    }
    const all = (await registry.list('ada')).map(({ handle }) => handle);
    const page = await registry.list('ada', { limit: 4 });
    await registry.revoke('ada', page.at(-1)?.handle ?? '');
    const rest = await registry.list('ada', { after: page.at(-1)?.cursor });
    expect([...page, ...rest].map(({ handle }) => handle)).toEqual(all);
  });
});

describe('a clock that is set while a login is under way', () => {
  it.each([
    ['back an hour', -HOUR],
    ['on by two minutes', 2 * MINUTE],
  ])('%s lets it succeed', async (_name, change) => {
    const { device, client, knows, registry, store, clock } = await withRegistry({ maxSessions: 2 });
    const one = await device();
    const held = store.holdNext('create');
    const two = client();
    const login = two.read('/login');
    await held.reached;
    clock.advance(change);
    held.release();
    expect((await login).status).toBe(200);
    expect([await knows(one), await knows(two), await registry.count('ada')]).toEqual(['ada', 'ada', 2]);
  });

  it.each([
    ['back an hour', -HOUR],
    ['on by two minutes', 2 * MINUTE],
  ])('%s keeps limits exact, and who has lost their place is told', async (_name, change) => {
    const { device, client, knows, registry, store, clock } = await withRegistry({
      maxSessions: 1,
      onLimit: 'refuse',
    });
    const held = store.holdNext('create');
    const slow = client();
    // The first login of all makes the record of the index first.
    const login = slow.read('/login');
    await held.reached;
    held.release();
    const inMiddle = store.holdNext('create');
    await inMiddle.reached;
    clock.advance(change);
    const other = await device();
    inMiddle.release();
    const { status, text } = await login;
    expect([status, JSON.parse(text)]).toMatchObject([409, { code: 'session_revoked' }]);
    expect([await knows(slow), await knows(other), await registry.count('ada')]).toEqual([
      'nobody',
      'ada',
      1,
    ]);
  });

  it.each([
    ['back an hour', -HOUR],
    ['on by two minutes', 2 * PENDING_FOR],
  ])('%s logs nobody out whose token is being rotated', async (_name, change) => {
    const { device, knows, registry, store, clock } = await withRegistry({}, { confirm });
    const client = await device();
    const held = store.holdNext('create');
    const rotation = client.read('/confirm');
    await held.reached;
    clock.advance(change);
    held.release();
    expect((await rotation).status).toBe(200);
    expect([await knows(client), await registry.count('ada')]).toEqual(['ada', 1]);
  });

  it('back an hour does not let a login that crashed keep its place', async () => {
    const { client, device, store, clock, registry } = await withRegistry({
      maxSessions: 2,
      onLimit: 'refuse',
      operationTimeout: 200,
    });
    const one = await device();
    // It never hears of the store again, and neither does anybody of it.
    store.hang('create');
    store.hang('remove');
    expect((await client().read('/login')).status).toBe(503);
    store.heal();
    clock.advance(-HOUR);
    await device();
    expect(await registry.count('ada')).toBe(2);
    expect((await one.read('/who')).text).toBe('ada');
  });
});
