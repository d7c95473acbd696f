import { describe, expect, it } from 'vitest';
import {
  admit,
  confirm,
  type Entries,
  type IndexEntry,
  marked,
  MOST_ENTRIES,
  parseEntries,
  PENDING_FOR,
  takeOver,
  textOf,
  without,
  withdrawn,
  withoutCrashed,
} from './index-entries.js';
import type { Handle, SessionId } from './record.js';

const NOW = 1_000_000;
const ids = (entries: Entries | undefined) => entries?.map(({ id, state }) => `${id} ${state}`);

function entry(id: string, more: Partial<IndexEntry> = {}): IndexEntry {
  const times = { admittedAt: NOW, pendingAt: NOW, endsAt: NOW + 1_000 };
  return { id: id as SessionId, handle: `h-${id}` as Handle, state: 'live', ...times, ...more };
}

function newcomer(id: string, beside?: string) {
  return {
    id: id as SessionId,
    handle: `h-${beside ?? id}` as Handle,
    endsAt: NOW + 1_000,
    ...(beside === undefined ? {} : { beside: beside as SessionId }),
  };
}

const limit = (maxSessions: number, onLimit: 'evict-oldest' | 'refuse') => ({ maxSessions, onLimit });
const live = (count: number) => Array.from({ length: count }, (_unused, n) => entry(`s${n}`));

describe('a login', () => {
  it('enters as pending, last', () => {
    expect(ids(admit([entry('a')], newcomer('b'), undefined, NOW))).toEqual(['a live', 'b pending']);
  });

  it('at the limit marks the oldest, pending ones included, and no more than it must', () => {
    const entries = [entry('a', { state: 'pending' }), entry('b'), entry('c')];
    expect(ids(admit(entries, newcomer('d'), limit(3, 'evict-oldest'), NOW))).toEqual([
      'a going',
      'b live',
      'c live',
      'd pending',
    ]);
  });

  it('over a limit that was lowered marks all that are too many', () => {
    expect(ids(admit(live(5), newcomer('n'), limit(2, 'evict-oldest'), NOW))?.slice(3)).toEqual([
      's3 going',
      's4 live',
      'n pending',
    ]);
  });

  it('does not count what is going', () => {
    const entries = [entry('a', { state: 'going' }), entry('b')];
    expect(ids(admit(entries, newcomer('c'), limit(2, 'refuse'), NOW))).toEqual([
      'a going',
      'b live',
      'c pending',
    ]);
  });

  it('needs no room beside the session that it replaces', () => {
    const again = { ...newcomer('n'), replaces: 'h-s1' as Handle };
    expect(ids(admit(live(2), again, limit(2, 'refuse'), NOW))).toEqual(['s0 live', 's1 live', 'n pending']);
    expect(admit(live(3), again, limit(2, 'refuse'), NOW)).toBeUndefined();
    expect(admit(live(1), again, limit(1, 'refuse'), NOW)).toBeUndefined();
  });

  it('counts once with the session that it replaces, for whoever comes before that has ended', () => {
    const pair = [entry('old'), entry('new', { state: 'pending', replaces: 'h-old' as Handle })];
    expect(ids(admit(pair, newcomer('n'), limit(2, 'refuse'), NOW))).toEqual([
      'old live',
      'new pending',
      'n pending',
    ]);
    expect(ids(admit(pair, newcomer('n'), limit(1, 'evict-oldest'), NOW))).toEqual([
      'old going',
      'new going',
      'n pending',
    ]);
    const revoked = marked(pair, ({ id }) => id === 'new');
    expect(admit(revoked, newcomer('n'), limit(1, 'refuse'), NOW)).toBeUndefined();
  });

  it('is refused where the limit says so, and changes nothing then', () => {
    expect(admit(live(2), newcomer('n'), limit(2, 'refuse'), NOW)).toBeUndefined();
    expect(admit(live(2), newcomer('n'), limit(3, 'refuse'), NOW)).toHaveLength(3);
  });

  it('beyond what is kept of anybody evicts the oldest, even where the limit would refuse', () => {
    const full = live(MOST_ENTRIES);
    const unlimited = admit(full, newcomer('n'), undefined, NOW);
    expect(unlimited?.filter(({ state }) => state === 'going').map(({ id }) => id)).toEqual(['s0']);
    const high = admit(full, newcomer('n'), limit(MOST_ENTRIES * 2, 'refuse'), NOW);
    expect(high?.filter(({ state }) => state === 'going')).toHaveLength(1);
  });

  it('becomes live when it is confirmed', () => {
    const entries = [entry('a'), entry('b', { state: 'pending' })];
    expect(ids(confirm(entries, 'b' as SessionId))).toEqual(['a live', 'b live']);
  });

  it.each([
    ['revoked', [entry('b', { state: 'going' })]],
    ['dropped', [entry('a')]],
  ])('that was %s meanwhile is not confirmed', (_how, entries) => {
    expect(confirm(entries, 'b' as SessionId)).toBeUndefined();
  });
});

describe('a rotation', () => {
  const before = [entry('a', { admittedAt: 5 }), entry('b')];

  it('counts once with the session whose place it takes, and keeps that place', () => {
    const pending = admit(before, newcomer('a2', 'a'), limit(2, 'refuse'), NOW) ?? [];
    expect(ids(pending)).toEqual(['a live', 'a2 pending', 'b live']);
    expect(admit(pending, newcomer('c'), limit(3, 'refuse'), NOW)).toBeDefined();
    const done = takeOver(pending, newcomer('a2', 'a'), ['a' as SessionId]);
    expect(ids(done)).toEqual(['a2 live', 'b live']);
    expect(done?.[0]).toMatchObject({ admittedAt: 5, handle: 'h-a' });
    expect(done?.[0]).not.toHaveProperty('beside');
  });

  it('is entered even when its own entry has timed out: the session is there', () => {
    expect(ids(takeOver(before, newcomer('a2', 'a'), ['a' as SessionId]))).toEqual(['a2 live', 'b live']);
  });

  it('leaves the entry of a later rotation, which was faster', () => {
    const one = admit(before, newcomer('a2', 'a'), undefined, NOW) ?? [];
    const both = admit(one, newcomer('a3', 'a'), undefined, NOW) ?? [];
    const later = takeOver(both, newcomer('a3', 'a'), ['a2' as SessionId, 'a' as SessionId]) ?? [];
    expect(ids(takeOver(later, newcomer('a2', 'a'), ['a' as SessionId]))).toEqual(['a3 live', 'b live']);
    const first = takeOver(both, newcomer('a2', 'a'), ['a' as SessionId]) ?? [];
    expect(ids(takeOver(first, newcomer('a3', 'a'), ['a2' as SessionId, 'a' as SessionId]))).toEqual([
      'a3 live',
      'b live',
    ]);
  });

  it('goes with the session that is evicted', () => {
    const pending = admit(before, newcomer('a2', 'a'), undefined, NOW) ?? [];
    expect(ids(admit(pending, newcomer('c'), limit(2, 'evict-oldest'), NOW))).toEqual([
      'a going',
      'a2 going',
      'b live',
      'c pending',
    ]);
  });

  it.each([
    ['gone', []],
    ['going', [entry('a', { state: 'going' })]],
    ['pending', [entry('a', { state: 'pending' })]],
  ])('of a session that is %s is refused', (_how, entries) => {
    expect(admit(entries, newcomer('a2', 'a'), undefined, NOW)).toBeUndefined();
  });

  it('whose session is ended meanwhile does not take its place', () => {
    const pending = admit(before, newcomer('a2', 'a'), undefined, NOW) ?? [];
    const after = (entries: Entries) => takeOver(entries, newcomer('a2', 'a'), ['a' as SessionId]);
    expect(after(without(pending, ['a' as SessionId]))).toBeUndefined();
    expect(after(marked(pending, ({ id }) => id === 'a'))).toBeUndefined();
    expect(after(marked(pending, ({ id }) => id === 'a2'))).toBeUndefined();
  });
});

describe('a login that fails', () => {
  const one = limit(1, 'evict-oldest');

  it('lets those stay that were to go for it', () => {
    const admitted = admit([entry('x')], newcomer('a'), one, NOW) ?? [];
    expect(ids(admitted)).toEqual(['x going', 'a pending']);
    const after = withdrawn(admitted, 'a' as SessionId, true);
    expect(after).toEqual([entry('x')]);
    expect(ids(withdrawn(admitted, 'a' as SessionId, false))).toEqual(['x live', 'a pending']);
  });

  it('brings nobody back for whom another login has come: the limit holds', () => {
    const first = admit([entry('x')], newcomer('a'), one, NOW) ?? [];
    const second = admit(first, newcomer('b'), one, NOW) ?? [];
    expect(ids(withdrawn(second, 'a' as SessionId, true))).toEqual(['x going', 'b pending']);
    expect(ids(withdrawn(withdrawn(second, 'a' as SessionId, true), 'b' as SessionId, true))).toEqual([
      'x live',
    ]);
  });

  it('brings nobody back who was revoked meanwhile', () => {
    const admitted = admit([entry('x')], newcomer('a'), one, NOW) ?? [];
    const revoked = marked(admitted, () => true);
    expect(withdrawn(revoked, 'a' as SessionId, true)).toMatchObject([{ state: 'going', why: 'revoked' }]);
  });
});

describe('entries', () => {
  it('are dropped when their login crashed, and never by the clock alone when there may be a session', () => {
    const entries = [
      entry('ended', { endsAt: NOW }),
      entry('live', { pendingAt: NOW - 2 * PENDING_FOR }),
      entry('crashed', { state: 'pending', pendingAt: NOW - PENDING_FOR - 1 }),
      entry('under way', { state: 'pending', pendingAt: NOW - PENDING_FOR }),
      entry('of a clock far ahead', { state: 'pending', pendingAt: NOW + PENDING_FOR + 1 }),
      entry('going', { state: 'going', endsAt: NOW }),
    ];
    expect(withoutCrashed(entries, NOW).map(({ id }) => id)).toEqual(['ended', 'live', 'under way', 'going']);
    const kept = [entry('live')];
    expect(withoutCrashed(kept, NOW)).toBe(kept);
  });

  it('are marked once', () => {
    expect(ids(marked([entry('a'), entry('b')], ({ id }) => id === 'a'))).toEqual(['a going', 'b live']);
  });

  it('come back from their text', () => {
    const entries = [entry('a'), entry('b', { state: 'pending', beside: 'a' as SessionId })];
    expect(parseEntries(textOf(entries))).toEqual(entries);
  });

  it.each(['', '[]', 'null', '{}', '{"sessions":{}}', '{"sessions":[{"id":"a"}]}', '{"sessions":[null]}'])(
    'are not read from %j',
    (text) => expect(parseEntries(text)).toBeUndefined(),
  );
});
