import { SessionRegistry, type SessionOptions } from 'nest-sessions';
import { describe, expect, it } from 'vitest';
import { CookieClient } from '../support/http-server.js';
import { nestApp, type Script } from '../support/nest-app.js';

const scripts: Record<string, Script> = {
  login: ({ sessions }) => sessions.login('ada', { data: { user: 'Ada' } }),
  async confirm({ sessions, req }) {
    sessions.set('cart', ['pending']);
    await sessions.confirm({ elevate: { [String(req.query['as'] ?? 'role')]: 'admin' }, for: '5m' });
    return 'confirmed';
  },
  who: ({ sessions }) =>
    JSON.stringify([
      sessions.principal ?? null,
      { ...sessions.fields },
      sessions.authenticatedAt !== undefined,
    ]),
  count: ({ sessions }) => sessions.update((draft) => (draft.count = (draft.count ?? 0) + 1)).then(String),
  logout: ({ sessions }) => sessions.logout(),
};

/** An application, a browser that is logged in, and what makes another with the same cookies. */
async function loggedIn(options: Partial<SessionOptions> = {}) {
  const parts = await nestApp({ scripts, options });
  const ada = parts.client();
  await ada.read('/login');
  await ada.read('/who');
  const copy = (client = ada) => {
    const other = new CookieClient(parts.url);
    client.cookies.forEach((value, name) => other.cookies.set(name, value));
    return other;
  };
  const who = async (client: CookieClient): Promise<unknown[]> =>
    JSON.parse((await client.read('/who')).text) as unknown[];
  return { ...parts, ada, copy, who, registry: parts.app.get(SessionRegistry) };
}

const NOBODY = [null, {}, false];

describe.each<[string, Partial<SessionOptions>]>([
  ['', {}],
  [' with a registry', { registry: true }],
])('a confirmation%s', (_name, options) => {
  it('P2 keeps what another request stores while it is under way', async () => {
    const { ada, copy, store, who } = await loggedIn(options);
    const other = copy();
    const forward = store.holdNext('replace');
    // With a registry the first replace enters the new token; either way nothing is final before it.
    const confirming = ada.read('/confirm');
    await forward.reached;
    expect(await other.read('/count')).toEqual({ status: 200, text: '1' });
    forward.release();
    expect(await confirming).toMatchObject({ status: 200 });
    expect(await other.read('/count')).toEqual({ status: 200, text: '2' });
    expect(await who(ada)).toEqual([
      'ada',
      { user: 'Ada', cart: ['pending'], role: 'admin', count: 2 },
      true,
    ]);
    expect(await who(other)).toEqual(['ada', { user: 'Ada', cart: ['pending'], count: 2 }, false]);
  });

  it('P1 does not bring back a session that a logout ended before it stands', async () => {
    const { ada, copy, store, who } = await loggedIn(options);
    const other = copy();
    const copied = store.holdAnswer('create');
    const confirming = ada.read('/confirm');
    await copied.reached;
    expect(await other.read('/logout')).toMatchObject({ status: 200 });
    copied.release();
    const { status, text } = await confirming;
    expect([status, text]).toEqual([409, expect.stringContaining('session_gone')]);
    expect([await who(ada), await who(copy())]).toEqual([NOBODY, NOBODY]);
  });

  it('P1 is followed by a logout with the token from before', async () => {
    const { ada, copy, who } = await loggedIn(options);
    const other = copy();
    await ada.read('/confirm');
    expect(await other.read('/logout')).toMatchObject({ status: 200 });
    expect([await who(ada), await who(other)]).toEqual([NOBODY, NOBODY]);
  });

  it('two at once are both done: the one that is later takes the other along', async () => {
    const { ada, copy, store, who } = await loggedIn(options);
    const other = copy();
    const copied = store.holdAnswer('create');
    const slow = ada.read('/confirm?as=role');
    await copied.reached;
    expect(await other.read('/confirm?as=theme')).toMatchObject({ status: 200 });
    copied.release();
    expect(await slow).toMatchObject({ status: 200 });
    expect(await who(ada)).toEqual([
      'ada',
      { user: 'Ada', cart: ['pending'], role: 'admin', theme: 'admin' },
      true,
    ]);
    // The other's token was replaced in turn: it has the session, and has to confirm again.
    expect(await who(other)).toEqual(['ada', { user: 'Ada', cart: ['pending'] }, false]);
  });

  it.each<['create' | 'replace', 'before' | 'after']>([
    ['create', 'before'],
    ['create', 'after'],
    ['replace', 'before'],
    ['replace', 'after'],
  ])('that fails at %s, %s it was done, elevates nothing and logs nobody out', async (operation, when) => {
    const { ada, copy, store, who } = await loggedIn(options);
    const { cookie } = ada;
    const step = when === 'before' ? store.holdNext(operation) : store.holdAnswer(operation);
    const confirming = ada.read('/confirm');
    await step.reached;
    step.fail();
    expect(await confirming).toMatchObject({ status: 503 });
    expect(ada.cookie).toBe(cookie);
    const [principal, fields] = await who(copy());
    expect([principal, fields]).toEqual(['ada', expect.objectContaining({ user: 'Ada' })]);
    expect(fields).not.toHaveProperty('role');
    // It is as good as ever: the next confirmation succeeds.
    expect(await ada.read('/confirm')).toMatchObject({ status: 200 });
    expect(await who(ada)).toEqual(['ada', { user: 'Ada', cart: ['pending'], role: 'admin' }, true]);
  });
});

describe('a confirmation while everything of its user is revoked', () => {
  it.each<['create' | 'replace', 'hold' | 'answer']>([
    ['create', 'hold'],
    ['create', 'answer'],
    ['replace', 'hold'],
    ['replace', 'answer'],
  ])('P1 does not survive, stopped at %s (%s)', async (operation, how) => {
    const { ada, copy, store, who } = await loggedIn({ registry: true });
    // Another process: in this one the writers of one user's sessions wait for one another.
    const there = await nestApp({ options: { registry: true, store } });
    const registry = there.app.get(SessionRegistry);
    const step = how === 'hold' ? store.holdNext(operation) : store.holdAnswer(operation);
    const confirming = ada.read('/confirm');
    await step.reached;
    await registry.revokeAll('ada');
    step.release();
    expect(await confirming).toMatchObject({ status: 409 });
    expect([await who(ada), await who(copy()), await registry.count('ada')]).toEqual([NOBODY, NOBODY, 0]);
  });

  it('P1 is ended by a revocation that comes after it, under the handle it always had', async () => {
    const { ada, copy, who, registry } = await loggedIn({ registry: true });
    const [before] = await registry.list('ada');
    const other = copy();
    await ada.read('/confirm');
    const after = await registry.list('ada');
    expect(after.map(({ handle }) => handle)).toEqual([before?.handle]);
    expect(await registry.revoke('ada', before?.handle ?? '')).toBe(true);
    expect([await who(ada), await who(other)]).toEqual([NOBODY, NOBODY]);
  });
});
