import { describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../core/clock.js';
import { cutFields } from '../../core/field-texts.js';
import { systemRandom } from '../../core/token.js';
import { RESERVED } from './session-data.js';
import { SessionObjects } from './session-objects.js';

const MINUTE = 60_000;
const ID = 'an-id';

function objects(
  hasTouch = true,
  ownNames: string[] = [],
  originalMaxAge: number | null = null,
): SessionObjects {
  const lifetime = { idle: 30 * MINUTE, absolute: 60 * MINUTE, touchAfter: 0 };
  const cookie = { originalMaxAge, path: '/', httpOnly: true, sameSite: 'lax' } as const;
  return new SessionObjects(
    { clock: systemClock, random: systemRandom, lifetime, operationTimeout: 1_000, cookie },
    { hasTouch, ownNames: new Set(ownNames) },
  );
}

/** A session as express-session stores it, after JSON. */
const theirs = (fields: Record<string, unknown>, cookie: Record<string, unknown> = {}) => ({
  cookie: { originalMaxAge: null, expires: null, httpOnly: true, path: '/', sameSite: 'lax', ...cookie },
  ...fields,
});

/** What is stored for a session of express-session once it is ours. */
function ours(fields: Record<string, unknown>): Record<string, unknown> {
  const opened = objects().open(ID, theirs(fields));
  return JSON.parse(JSON.stringify(objects().build(ID, opened!.record, opened)));
}

describe('a stored session', () => {
  it('that we wrote is read as it was, whatever became of the order of its keys', () => {
    const written = ours({ b: { y: 1, x: [{ d: 1, c: 2 }] }, a: 1 });
    const sorted = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(sorted)
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(
              Object.entries(value)
                .toSorted(([one], [other]) => other.length - one.length || (one < other ? -1 : 1))
                .map(([name, part]) => [name, sorted(part)]),
            )
          : value;
    const [plain, moved] = [objects().open(ID, written), objects().open(ID, sorted(written))];
    expect([plain?.isOurs, moved?.isOurs]).toEqual([true, true]);
    expect(moved?.record.version).toBe(plain?.record.version);
  });

  it('that comes back as it was written is not taken apart to see that', () => {
    const written = ours({ b: { x: [1] }, a: 1 });
    const parse = vi.spyOn(JSON, 'parse');
    try {
      expect(objects().open(ID, written)?.isOurs).toBe(true);
      expect(parse).not.toHaveBeenCalled();
    } finally {
      parse.mockRestore();
    }
  });

  it('P8 that has only the seal which bears another order of keys is read as well', () => {
    const written = ours({ b: { y: 1, x: 2 }, a: 1 });
    Reflect.deleteProperty(written[RESERVED] as object, 'quick');
    expect(objects().open(ID, written)?.isOurs).toBe(true);
  });

  it.each<[string, (stored: Record<string, unknown>) => void]>([
    ['a field is changed', (stored) => (stored['a'] = 2)],
    ['a field is changed deep down', (stored) => Object.assign(stored['b'] as object, { x: 2 })],
    ['a field is added', (stored) => (stored['c'] = 1)],
    ['a field is gone', (stored) => delete stored['a']],
    ['its expiry is moved', (stored) => Object.assign(stored['cookie'] as object, { expires: null })],
  ])('is known to be somebody else’s since when %s', (_name, change) => {
    const written = ours({ a: 1, b: { x: 1 } });
    const before = objects().open(ID, written);
    change(written);
    const after = objects().open(ID, written);
    expect([before?.isOurs, after?.isOurs]).toEqual([true, false]);
    expect(after?.record).toMatchObject({
      handle: before?.record.handle,
      absoluteAt: before?.record.absoluteAt,
    });
    expect(after?.record.version).not.toBe(before?.record.version);
  });

  it('P9 whose content was copied to another id has nothing of ours: neither who is logged in nor the handle', () => {
    const opened = objects().open(ID, theirs({ user: 'ada' }));
    const stored = JSON.parse(
      JSON.stringify(objects().build(ID, { ...opened!.record, principal: 'ada' as never }, opened)),
    );
    expect(objects().open(ID, stored)?.record.principal).toBe('ada');
    const copied = objects().open('another-id', stored);
    expect(copied?.record).not.toHaveProperty('principal');
    expect(copied?.record.handle).not.toBe(opened?.record.handle);
    expect(copied?.isOurs).toBe(false);
  });

  it('keeps values that JSON does not have while they are not changed', () => {
    const since = new Date();
    const opened = objects().open(ID, { ...theirs({}), since, count: 1 });
    expect(opened?.record.fields).toBe(JSON.stringify({ since, count: 1 }));
    const changed = { ...opened!.record, fields: JSON.stringify({ since, count: 2 }), lengths: [] };
    expect(objects().build(ID, changed, opened)).toMatchObject({ since, count: 2 });
  });

  it('shows no names that the store adds by itself', () => {
    const store = objects(true, ['__lastAccess']);
    const opened = store.open(ID, theirs({ a: 1, __lastAccess: 5 }));
    expect([...cutFields(opened!.record)!]).toEqual([['a', '1']]);
    const stored = { ...store.build(ID, opened!.record, opened), __lastAccess: 6 };
    expect(store.open(ID, JSON.parse(JSON.stringify(stored)))?.isOurs).toBe(true);
  });

  it.each([RESERVED, 'cookie'])('has no field that is named %s', (name) => {
    const { record } = objects().open(ID, theirs({}))!;
    const fields = { ...record, fields: JSON.stringify({ [name]: 1 }), lengths: [] };
    expect(() => objects().build(ID, fields)).toThrow(
      expect.objectContaining({ code: 'session_reserved_field' }),
    );
  });

  it.each([undefined, null, 7, 'text', [], { big: 1n }])('is none that is %o', (found) => {
    expect(objects().open(ID, found)).toBeUndefined();
  });

  it('without a cookie is one', () => {
    expect(objects().open(ID, { user: 'ada' })?.record.fields).toBe('{"user":"ada"}');
  });

  it('is not believed about data of ours that is none', () => {
    for (const data of [null, 7, {}, { of: 'x' }, { ...(ours({})[RESERVED] as object), version: '1' }]) {
      const opened = objects().open(ID, { ...theirs({ a: 1 }), [RESERVED]: data });
      expect([opened?.isOurs, opened?.record.fields]).toEqual([false, '{"a":1}']);
    }
  });
});

describe('P6 a session of express-session', () => {
  const past = new Date(Date.now() - MINUTE).toISOString();

  it('that is over by its cookie is none, where the store cannot move the expiry alone', () => {
    expect(objects(false).open(ID, theirs({}, { expires: past, originalMaxAge: MINUTE }))).toBeUndefined();
  });

  it('is believed to be alive where the store can: its cookie may be an old one', () => {
    const { record } = objects(true).open(ID, theirs({}, { expires: past, originalMaxAge: MINUTE }))!;
    expect(record.expiresAt - record.lastSeenAt).toBe(MINUTE);
  });

  it.each([-999, -2, 0, 1, 999])(
    'has no cookie of its own where the time that it was made in took %i ms of its maxAge',
    (off) => {
      const { record } = objects(true, [], MINUTE).open(ID, theirs({}, { originalMaxAge: MINUTE + off }))!;
      expect([record.idle, record.meta]).toEqual([30 * MINUTE, '{}']);
    },
  );

  it.each([-1_000, 1_000])('has a cookie of its own where its maxAge is %i ms off', (off) => {
    const { record } = objects(true, [], MINUTE).open(ID, theirs({}, { originalMaxAge: MINUTE + off }))!;
    expect(record.idle).toBe(MINUTE + off);
    expect(JSON.parse(record.meta)).toMatchObject({ cookie: { originalMaxAge: MINUTE + off } });
  });

  it.each<[string, Record<string, unknown>, number, unknown]>([
    ['ends after idleTimeout when its cookie ends with the browser', {}, 30 * MINUTE, undefined],
    ['lasts as long as its cookie', { originalMaxAge: MINUTE }, MINUTE, { originalMaxAge: MINUTE }],
    [
      'lasts no longer than absoluteTimeout',
      { originalMaxAge: 9_000 * MINUTE },
      60 * MINUTE,
      { originalMaxAge: 9_000 * MINUTE },
    ],
    [
      'keeps attributes that differ',
      { domain: 'a.b', secure: true },
      30 * MINUTE,
      { domain: 'a.b', secure: true },
    ],
    [
      'has none of its own where only secure: auto decided',
      { secure: false, domain: null },
      30 * MINUTE,
      undefined,
    ],
    [
      'drops attributes that no cookie has',
      { domain: 'a;b', priority: 'x', path: '/p' },
      30 * MINUTE,
      { path: '/p' },
    ],
  ])('%s', (_name, cookie, idle, kept) => {
    const { record } = objects().open(ID, theirs({}, cookie))!;
    expect(record.idle).toBe(idle);
    const meta = JSON.parse(record.meta);
    expect(meta.cookie).toEqual(
      kept === undefined
        ? undefined
        : { originalMaxAge: null, httpOnly: true, path: '/', sameSite: 'lax', ...(kept as object) },
    );
  });
});
