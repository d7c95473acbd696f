import { SessionException } from 'nest-sessions';
import { describe, expect, it } from 'vitest';
import type { Script } from '../support/nest-app.js';
import { withRegistry } from '../support/registry-app.js';
import { failure } from '../support/run-scripts.js';

/** What is no id of a user, by what it is. */
const NO_PRINCIPALS: readonly (readonly [string, unknown])[] = [
  ['an empty text', ''],
  ['a text of 256 characters', 'p'.repeat(256)],
  ['a text of 10 KB', 'p'.repeat(10_000)],
  ['a text with NUL', 'a\u0000b'],
  ['a text with a line break', 'a\nb'],
  ['a lone surrogate', 'a\ud83d'],
  ['undefined', undefined],
  ['null', null],
  ['a number', 7],
  ['NaN', Number.NaN],
  ['a boolean', true],
  ['an object', {}],
  ['an object that is a text if asked', { toString: () => 'ada', length: 3 }],
  ['a String object', Object('ada')],
  ['a list', ['ada']],
  ['a symbol', Symbol('ada')],
  ['a BigInt', 7n],
  ['a function', () => 'ada'],
];

/** What is no name of a session, by what it is. */
const NO_HANDLES: readonly (readonly [string, unknown])[] = [
  ['an empty text', ''],
  ['an unknown text', 'x'],
  ['__proto__', '__proto__'],
  ['constructor', 'constructor'],
  ['NUL', '\u0000'],
  ['a text of 10 KB', 'h'.repeat(10_000)],
  ['a lone surrogate', '\ud83d'],
  ['undefined', undefined],
  ['null', null],
  ['a number', 0],
  ['an object', {}],
  ['a list', []],
  ['a symbol', Symbol.iterator],
  ['a BigInt', 0n],
];

/** Lets a test hand over what the types do not allow. */
const asText = (value: unknown) => value as string;

describe('what is no principal', () => {
  it.each(NO_PRINCIPALS)('%s is refused by every method', async (_name, value) => {
    const { registry, device, store } = await withRegistry();
    await device();
    const who = asText(value);
    const [{ handle } = { handle: '' }] = await registry.list('ada');
    store.calls.length = 0;
    const calls = [
      () => registry.list(who),
      () => registry.count(who),
      () => registry.revoke(who, handle),
      () => registry.revokeAll(who),
      () => registry.get(who, handle),
      () => registry.patch(who, handle, () => undefined),
    ];
    for (const call of calls) {
      const error = await failure(call);
      expect(error).toBeInstanceOf(SessionException);
      expect(error).toMatchObject({ code: 'session_invalid_principal' });
    }
    expect(store.calls).toEqual([]);
    expect(await registry.count('ada')).toBe(1);
  });

  it.each(NO_PRINCIPALS)('%s cannot log in, and the session before is as it was', async (_name, value) => {
    const badly: Script = ({ sessions }) => sessions.login(asText(value));
    const { registry, device, knows } = await withRegistry({}, { badly });
    const client = await device();
    const { status, text } = await client.read('/badly');
    expect([status, JSON.parse(text)]).toMatchObject([500, { code: 'session_invalid_principal' }]);
    expect(await knows(client)).toBe('ada');
    expect(await registry.count('ada')).toBe(1);
  });

  it.each([
    '__proto__',
    'constructor',
    'toString',
    ' ',
    'ada\u200b',
    '😀',
    "'; --",
    '{"$gt":""}',
    '../x',
    '*',
  ])('%j is one like any other, and shows nobody else', async (name) => {
    const { registry, device } = await withRegistry();
    await device();
    expect(await registry.count(name)).toBe(0);
    await device(encodeURIComponent(name));
    expect([await registry.count(name), await registry.count('ada')]).toEqual([1, 1]);
    expect(await registry.revokeAll(name)).toBe(1);
    expect(await registry.count('ada')).toBe(1);
  });
});

describe('what is no handle', () => {
  it.each(NO_HANDLES)('%s finds nothing', async (_name, value) => {
    const { device, registry } = await withRegistry();
    await device();
    const handle = asText(value);
    expect(await registry.revoke('ada', handle)).toBe(false);
    expect(await registry.get('ada', handle)).toBeUndefined();
    expect(await registry.patch('ada', handle, () => undefined)).toBe(false);
    expect(await registry.count('ada')).toBe(1);
  });

  it('P1 somebody else cannot be told from nobody', async () => {
    const { device, registry, knows } = await withRegistry();
    const client = await device();
    const [{ handle } = { handle: '' }] = await registry.list('ada');
    await device('eve');
    expect(await registry.revoke('eve', handle)).toBe(false);
    expect(await registry.get('eve', handle)).toBeUndefined();
    expect(await registry.patch('eve', handle, (draft) => void (draft.cart = ['x']))).toBe(false);
    expect(await registry.get('ada', handle)).toEqual({});
    expect(await knows(client)).toBe('ada');
  });
});

describe('what is no page', () => {
  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60, '10', '', null, {}, [10], 10n])(
    'the limit %s is refused',
    async (limit) => {
      const { device, registry } = await withRegistry();
      await device();
      const error = await failure(() => registry.list('ada', { limit: limit as number }));
      expect(error).toBeInstanceOf(SessionException);
      expect(error).toMatchObject({
        code: 'session_invalid_argument',
        message: expect.stringContaining('whole number'),
      });
    },
  );

  it('a limit above all that there are gives all', async () => {
    const { device, registry } = await withRegistry();
    await device();
    expect(await registry.list('ada', { limit: 1e9 })).toHaveLength(1);
    expect(await registry.list('ada', { limit: undefined, after: undefined })).toHaveLength(1);
  });

  it.each(NO_HANDLES.filter(([, value]) => value !== undefined))(
    'behind %s there is nothing',
    async (_name, value) => {
      const { device, registry } = await withRegistry();
      await device();
      for (const after of [value, ...(typeof value === 'string' ? [`${value}.`, `${value}.!`] : [])]) {
        expect(await registry.list('ada', { after: asText(after) })).toEqual([]);
      }
    },
  );

  it('behind a place in the list of somebody else there is nobody else', async () => {
    const { device, registry } = await withRegistry();
    await device('eve');
    await device('ada');
    const [eve] = await registry.list('eve');
    const [ada] = await registry.list('ada');
    for (const after of [eve?.cursor, '.0', 'x.0']) {
      const shown = await registry.list('ada', { after });
      expect(shown.every(({ handle }) => handle === ada?.handle)).toBe(true);
    }
    expect(await registry.list('ada', { after: eve?.handle })).toEqual([]);
  });
});
