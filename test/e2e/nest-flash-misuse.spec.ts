import { Flash, SessionError } from 'nest-sessions';
import { describe, expect, it } from 'vitest';
import { flashApp } from '../support/flash-app.js';

describe('P12 what is no message', () => {
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  const long = 'x'.repeat(10_240);

  it.each<[string, unknown[], string]>([
    ['an empty type', ['', 'a'], 'session_invalid_flash'],
    ['a type of 10 KB', [long, 'a'], 'session_invalid_flash'],
    ['a type that is no text', [{ toString: 1 }, 'a'], 'session_invalid_flash'],
    ['undefined', ['info', undefined], 'session_invalid_flash'],
    ['a toJSON() without an answer', ['info', { toJSON: () => undefined }], 'session_invalid_flash'],
    ['a path without a slash', ['info', 'a', { path: 'cart' }], 'session_invalid_flash'],
    ['a path with a query', ['info', 'a', { path: '/cart?a=1' }], 'session_invalid_flash'],
    ['a path that no browser sends', ['info', 'a', { path: '/größe' }], 'session_invalid_flash'],
    ['a path of 10 KB', ['info', 'a', { path: `/${long}` }], 'session_invalid_flash'],
    ['a path that is no text', ['info', 'a', { path: 1 }], 'session_invalid_flash'],
    ['a BigInt', ['info', 1n], 'session_not_serializable'],
    ['a cycle', ['info', cycle], 'session_not_serializable'],
    ['a function', ['info', () => 1], 'session_not_serializable'],
    ['a throwing getter', ['info', { get a() { throw new Error('no'); } }], 'session_not_serializable'], // prettier-ignore
  ])('%s is a clear error at once, and the session is as it was', async (_name, given, code) => {
    const app = await flashApp({
      add({ sessions }) {
        sessions.set('user', 'Ada');
        Reflect.apply(sessions.flash, sessions, given);
      },
    });
    const { status, text } = await app.client().read('/add');
    expect(status).toBe(500);
    expect(JSON.parse(text)).toMatchObject({ code });
    expect(app.store.stored).toEqual([{ user: 'Ada' }]);
    expect(app.log.errors).toHaveLength(1);
    expect(app.log.errors[0]?.message).not.toContain(long);
  });

  it('a wrong type is told to who asks for it, too: at once by @Flash()', async () => {
    expect(() => Flash('')).toThrow(SessionError);
    const app = await flashApp({ take: ({ sessions }) => sessions.takeFlash('') });
    expect(JSON.parse((await app.client().read('/take')).text)).toMatchObject({
      code: 'session_invalid_flash',
    });
  });

  it('of too many bytes is refused as any field is', async () => {
    const app = await flashApp(
      { add: ({ sessions }) => sessions.flash('info', 'x'.repeat(2_000)) },
      { maxBytes: 1_000 },
    );
    expect(JSON.parse((await app.client().read('/add')).text)).toMatchObject({ code: 'session_too_large' });
  });
});
