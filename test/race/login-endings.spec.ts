import { fakeClock } from 'nest-sessions/testing';
import { describe, expect, it } from 'vitest';
import { ControlledStore } from '../support/controlled.store.js';
import { HOUR, nameOf, renewingProcess } from '../support/renewing-process.js';

describe('a login whose session is ended before it is over', () => {
  it('P9 fails at its last step too, when that has something to store', async () => {
    const store = new ControlledStore();
    const clock = fakeClock();
    const here = renewingProcess(store, { clock });
    const there = renewingProcess(store, { clock });
    const old = await here.login('ada');
    const session = await here.begin(old);
    const other = await there.begin(old);
    const removal = store.holdNext('remove');
    const login = session.login('eve', { keep: ['count'] });
    await removal.reached;
    // What is kept changes, so that it has to be stored once more, and all sessions of the new user are ended.
    other.live.set('count', 1);
    await other.commit();
    expect(await there.revoke('eve')).toBe(1);
    removal.release();
    await expect(login).rejects.toMatchObject({ code: 'session_revoked' });
    expect(session.live.held).toBeUndefined();
    expect(session.reply().kind).toBe('clear');
    expect(await there.listed('eve')).toEqual([]);
    expect(here.events.map(({ type, principal }) => `${type} ${principal}`)).not.toContain('login eve');
  });
});

describe('a session that a login finds expired', () => {
  it('is told to have ended', async () => {
    const clock = fakeClock();
    const here = renewingProcess(new ControlledStore(), { clock });
    const handle = nameOf(await here.begin(await here.login('ada')));
    clock.advance(2 * HOUR);
    await here.login('ada');
    expect(here.events).toContainEqual({ type: 'ended', reason: 'idle', handle, principal: 'ada' });
  });
});

describe('a revocation on a server that takes no writes any more', () => {
  it('ends the sessions and resolves: to remove is always possible', async () => {
    const store = new ControlledStore();
    const here = renewingProcess(store, { clock: fakeClock() });
    const token = await here.login('ada');
    store.fail('replace', 'create');
    expect(await here.revoke('ada')).toBe(1);
    expect(await here.opens(token)).toBe(false);
    expect(await here.listed('ada')).toEqual([]);
  });
});
