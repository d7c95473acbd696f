import { describe, expect, it } from 'vitest';
import type { CookieClient } from '../support/http-server.js';
import { nestApp, type Script, type TestNestApp } from '../support/nest-app.js';
import { failure, run } from '../support/run-scripts.js';
import { idOf, tokenOf } from '../support/tokens.js';

describe('SessionService.update()', () => {
  it('answers what the function answers, stored when it resolves', async () => {
    const { results, store } = await run(
      ({ sessions }) => sessions.update((draft) => (draft.count = (draft.count ?? 0) + 1)),
      ({ sessions }) => sessions.update((draft) => (draft.count = (draft.count ?? 0) + 1)),
      ({ sessions }) => sessions.update((draft) => draft.count),
    );
    expect(results).toEqual([1, 2, 2]);
    // The last changed nothing, which is only known for certain from the record as it is then.
    expect(store.calls).toEqual(['create', 'read', 'replace', 'read', 'read']);
  });

  it('leaves everything as it was when the function throws, in a new session and in a stored one', async () => {
    const throwing: Script = async ({ sessions }) => {
      const failed = sessions.update((draft) => {
        draft.cart?.push('milk');
        draft.user = 'Eve';
        throw new Error('no');
      });
      return [await failure(() => failed), { ...sessions.fields }];
    };
    const { results, store } = await run(throwing, ({ sessions }) => sessions.set('cart', ['tea']), throwing);
    expect(results).toEqual([[new Error('no'), {}], undefined, [new Error('no'), { cart: ['tea'] }]]);
    expect(store.stored).toEqual([{ cart: ['tea'] }]);
  });

  it('refuses an asynchronous function, and what it did', async () => {
    const asynchronous: Script = ({ sessions }) =>
      failure(() => sessions.update(async (draft) => void (draft.user = 'Eve')));
    const { results, store } = await run(
      asynchronous,
      ({ sessions }) => sessions.set('user', 'Ada'),
      asynchronous,
    );
    expect([results[0], results[2]]).toMatchObject([
      { code: 'session_update_async' },
      { code: 'session_update_async' },
    ]);
    expect(store.stored).toEqual([{ user: 'Ada' }]);
  });

  const scripts: Record<string, Script> = {
    begin: ({ sessions }) => sessions.update((draft) => (draft.count = 0)),
    increment: ({ sessions }) => sessions.update((draft) => (draft.count = (draft.count ?? 0) + 1)),
  };

  async function begun(): Promise<TestNestApp & { known: CookieClient }> {
    const app = await nestApp({ scripts });
    const known = app.client();
    await known.read('/begin');
    return { ...app, known };
  }

  it('P2 is an atomic counter: 50 requests at once count 50', async () => {
    const { known, store } = await begun();
    const answers = await Promise.all(Array.from({ length: 50 }, () => known.read('/increment')));
    expect(answers.map(({ text }) => Number(text)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, i) => i + 1),
    );
    expect(store.stored).toEqual([{ count: 50 }]);
  });

  it('P2 runs again on what another process stored meanwhile', async () => {
    const { known, store } = await begun();
    const [record] = store.records;
    const replace = store.holdNext('replace');
    const answer = known.read('/increment');
    await replace.reached;
    // As another process would: past the queue of this one.
    const other = { ...record!, version: 1 as never, fields: '{"count":10}', lengths: [7, 2] };
    await store.inner.replace(idOf(tokenOf(known)), other, record!.version);
    replace.release();
    expect(await answer).toEqual({ status: 200, text: '11' });
    expect(store.stored).toEqual([{ count: 11 }]);
    expect(store.count('replace')).toBe(2);
  });

  it('P1 is a 409 when the session was ended meanwhile, and does not bring it back', async () => {
    const { known, store } = await begun();
    const replace = store.holdNext('replace');
    const answer = known.read('/increment');
    await replace.reached;
    await store.inner.remove(idOf(tokenOf(known)));
    replace.release();
    const { status, text } = await answer;
    expect([status, JSON.parse(text)]).toMatchObject([409, { code: 'session_gone' }]);
    expect(await store.inner.read(idOf(tokenOf(known)))).toBeUndefined();
  });
});
