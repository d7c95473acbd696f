import { describe, expect, it } from 'vitest';
import type { Script } from '../support/nest-app.js';
import { withRegistry } from '../support/registry-app.js';
import { failure } from '../support/run-scripts.js';
import '../support/session-data.js';

const cart: Script = ({ sessions }) => sessions.get('cart');
const role: Script = ({ sessions }) => sessions.get('role') ?? 'none';
const confirm: Script = ({ sessions }) => sessions.confirm({ elevate: { role: 'admin' }, for: '5m' });
const scripts = { cart, role, confirm };

/** One user with one session. */
async function withAda(options: Parameters<typeof withRegistry>[0] = {}) {
  const app = await withRegistry(options, scripts);
  const client = await app.device();
  const [{ handle } = { handle: '' }] = await app.registry.list('ada');
  return { ...app, client, handle };
}

describe('the administration of sessions', () => {
  it('reads and changes the fields of another session', async () => {
    const { client, handle, registry, knows, store } = await withAda();
    expect(await registry.patch('ada', handle, (draft) => void (draft.cart = ['tea']))).toBe(true);
    expect(await registry.get('ada', handle)).toEqual({ cart: ['tea'] });
    expect(await registry.get('eve', handle)).toBeUndefined();
    expect(await registry.patch('eve', handle, (draft) => void (draft.cart = []))).toBe(false);
    expect((await client.read('/cart')).text).toBe('["tea"]');
    expect(await knows(client)).toBe('ada');
    expect(store.stored).toContainEqual({ cart: ['tea'] });
  });

  it('is no activity of the user: the session neither seems used nor lasts longer', async () => {
    const { client, handle, registry, knows, clock } = await withAda({ idleTimeout: '30m' });
    const [before] = await registry.list('ada');
    clock.advance(20 * 60_000);
    await registry.patch('ada', handle, (draft) => void (draft.cart = ['tea']));
    await registry.get('ada', handle);
    expect((await registry.list('ada'))[0]).toEqual(before);
    clock.advance(11 * 60_000);
    expect(await registry.patch('ada', handle, () => undefined)).toBe(false);
    expect(await registry.get('ada', handle)).toBeUndefined();
    expect(await knows(client)).toBe('nobody');
  });

  it('sees elevated fields until they fall away', async () => {
    const { client, handle, registry, clock } = await withAda();
    await client.read('/confirm');
    expect(await registry.get('ada', handle)).toEqual({ role: 'admin' });
    await registry.patch('ada', handle, (draft) => void (draft.cart = ['tea']));
    expect((await client.read('/role')).text).toBe('admin');
    clock.advance(5 * 60_000);
    expect(await registry.get('ada', handle)).toEqual({ cart: ['tea'] });
    await registry.patch('ada', handle, (draft) => {
      expect(draft).not.toHaveProperty('role');
    });
    expect((await client.read('/role')).text).toBe('none');
  });

  it('takes elevated fields away at once', async () => {
    const { client, handle, registry } = await withAda();
    await client.read('/confirm');
    await registry.patch('ada', handle, (draft) => void delete draft.role);
    expect((await client.read('/role')).text).toBe('none');
  });

  it('finds a session by the same handle when its token was rotated', async () => {
    const { client, handle, registry, listed, knows } = await withAda();
    for (let n = 0; n < 3; n++) {
      await client.read('/confirm');
      expect(await listed(client)).toEqual([expect.objectContaining({ handle, isCurrent: true })]);
    }
    expect(await registry.patch('ada', handle, (draft) => void (draft.cart = ['tea']))).toBe(true);
    expect((await client.read('/cart')).text).toBe('["tea"]');
    expect(await registry.revoke('ada', handle)).toBe(true);
    expect(await knows(client)).toBe('nobody');
  });

  it('finds it while its token is being rotated, when only the forward leads to it', async () => {
    const { client, handle, registry, store } = await withAda();
    const [entered, forwarded, confirmed] = [
      store.holdNext('replace'),
      store.holdNext('replace'),
      store.holdNext('replace'),
    ];
    const rotation = client.read('/confirm');
    entered.release();
    forwarded.release();
    await confirmed.reached;
    expect(await registry.list('ada')).toEqual([expect.objectContaining({ handle })]);
    expect(await registry.count('ada')).toBe(1);
    expect(await registry.get('ada', handle)).toEqual({ role: 'admin' });
    expect(await registry.patch('ada', handle, (draft) => void (draft.cart = ['tea']))).toBe(true);
    confirmed.release();
    expect((await rotation).status).toBe(200);
    expect((await client.read('/cart')).text).toBe('["tea"]');
  });

  it('P2 loses nothing that the user changes at the same time', async () => {
    const { handle, registry, device } = await withAda();
    const other = await device();
    await Promise.all(
      Array.from({ length: 20 }, () =>
        registry.patch('ada', handle, (draft) => void (draft.count = (draft.count ?? 0) + 1)),
      ),
    );
    expect(await registry.get('ada', handle)).toEqual({ count: 20 });
    expect((await other.read('/cart')).text).toBe('');
  });

  it('P1 changes nothing where the session ends meanwhile, and does not bring it back', async () => {
    const { client, handle, registry, store, knows } = await withAda();
    const held = store.holdNext('replace');
    const patch = registry.patch('ada', handle, (draft) => void (draft.cart = ['tea']));
    await held.reached;
    await client.read('/logout');
    held.release();
    expect(await patch).toBe(false);
    expect([await knows(client), await registry.count('ada')]).toEqual(['nobody', 0]);
  });

  it.each<[string, unknown, string]>([
    ['undefined', undefined, 'session_invalid_argument'],
    ['an object', { cart: [] }, 'session_invalid_argument'],
    ['an async function', async () => undefined, 'session_update_async'],
    ['a BigInt', (draft: { odd: unknown }) => void (draft.odd = 1n), 'session_not_serializable'],
    ['a reserved name', (draft: { cookie: unknown }) => void (draft.cookie = 1), 'session_reserved_field'],
    ['too much', (draft: { odd: unknown }) => void (draft.odd = 'x'.repeat(5_000)), 'session_too_large'],
  ])('P12 refuses %s, and the session is as it was', async (_name, update, code) => {
    const { handle, registry } = await withAda({ maxBytes: 4_096 });
    await registry.patch('ada', handle, (draft) => void (draft.cart = ['tea']));
    const patch = () => registry.patch('ada', handle, update as () => undefined);
    expect(await failure(patch)).toMatchObject({ code });
    expect(await registry.get('ada', handle)).toEqual({ cart: ['tea'] });
  });
});
