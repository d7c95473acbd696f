import assert from 'node:assert/strict';
import {
  changed,
  createHandle,
  createRecord,
  createSessionId,
  EXTREME_VERSIONS,
  principal,
  textOf,
} from './records.js';
import type { ContractContext } from './subject.js';
import type { SessionId, SessionRecord } from '../../core/record.js';

/** The latest time that a Date can hold. */
const END_OF_TIME = 8_640_000_000_000_000;

const ODD_FIELDS: Readonly<Record<string, Record<string, unknown>>> = {
  'no fields': {},
  'text of every plane of Unicode': { text: 'é ß 漢字 🦊 \u{10FFFF} \u2028\u2029 \u200D\uFEFF' },
  'lone surrogates, escaped as JSON.stringify does': { high: 'a\uD800b', low: '\uDC00', 'key\uDFFF': 1 },
  'control characters and NUL, escaped': { nul: 'a\u0000b', tab: '\t\r\n\u001F', 'k\u0000': '\u0000' },
  'quotes and backslashes': { text: `"\\'\`$1 \${x} \\u0000`, '"': '\\' },
  'keys that look like paths and operators': {
    'a.b.c': 1,
    $set: { $where: 1 },
    '': 'empty',
    '$$ROOT.x': '$literal',
  },
  'numbers at their limits': {
    numbers: [
      Number.MAX_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER,
      Number.MAX_VALUE,
      Number.MIN_VALUE,
      1.5,
      1e21,
    ],
  },
  'deep nesting': { deep: JSON.parse(`${'[{"a":'.repeat(60)}1${'}]'.repeat(60)}`) },
  'many fields': Object.fromEntries(Array.from({ length: 2_000 }, (_, number) => [`field${number}`, number])),
  'a field of 256 KiB': { text: 'x'.repeat(256 * 1024) },
  'a field of 256 KiB that is not ASCII': { text: '漢🦊é'.repeat(64 * 1024) },
};

const ODD_TEXTS: Readonly<Record<string, Pick<SessionRecord, 'fields' | 'lengths'>>> = {
  'a key named __proto__': {
    fields: '{"__proto__":{"admin":true},"constructor":1}',
    lengths: [11, 14, 13, 1],
  },
  'spelling that JSON.stringify would change': { fields: '{ "b": 1.0,\n"a": 1e2, "a": -0 }', lengths: [] },
  'lengths that do not fit the text': { fields: '{"a":1}', lengths: [1, 2, 3] },
};

/** What a store is given comes back the same, whatever it is. */
export function describeData({ runner, clause, keepsText }: ContractContext): void {
  async function assertRoundTrip(
    subject: Parameters<Parameters<typeof clause>[1]>[0],
    record: SessionRecord,
    id: SessionId = createSessionId(),
    expected: SessionRecord = record,
  ): Promise<void> {
    const { store } = subject;
    assert.equal(await store.create(id, record), true);
    assert.deepEqual(await store.read(id), expected);
    assert.deepEqual(await store.readMany([id]), [expected]);
    const { version } = changed(record);
    const again = { ...expected, version };
    assert.deepEqual(await store.replace(id, { ...record, version }, record.version), { done: true });
    assert.deepEqual(await store.replace(id, changed(record), record.version), {
      done: false,
      current: again,
    });
    assert.equal(await store.touch(id, again.version, again.lastSeenAt, again.expiresAt), true);
    assert.deepEqual(await store.remove(id), again);
  }

  runner.describe('data', () => {
    for (const [what, fields] of Object.entries(ODD_FIELDS)) {
      clause(`keeps ${what}`, (subject) => assertRoundTrip(subject, createRecord(textOf(fields))));
    }

    for (const [what, text] of Object.entries(ODD_TEXTS)) {
      clause(`keeps ${what}`, (subject) => {
        const record = createRecord(text);
        const expected = keepsText ? record : { ...record, ...textOf(JSON.parse(record.fields)) };
        return assertRoundTrip(subject, record, createSessionId(), expected);
      });
    }

    clause('keeps principal, next and meta exactly', async (subject) => {
      for (const name of ['u1', '0', '漢字 🦊', 'a.b$c', '$where', '{"json":1}', 'x'.repeat(512)]) {
        await assertRoundTrip(
          subject,
          createRecord({
            principal: principal(name),
            next: createSessionId(),
            handle: createHandle(),
            meta: JSON.stringify({ cookie: { path: '/', 'odd.key$': '🦊' }, authenticatedAt: 1 }),
          }),
        );
      }
    });

    clause('keeps what is absent absent', async (subject) => {
      const { store } = subject;
      for (const optional of [{}, { principal: principal('u1') }, { next: createSessionId() }]) {
        const id = createSessionId();
        const record = createRecord(optional);
        await store.create(id, record);
        const answers = [await store.read(id), ...(await store.readMany([id])), await store.remove(id)];
        for (const answer of answers) {
          assert.ok(answer);
          assert.deepEqual(Object.keys(answer).toSorted(), Object.keys(record).toSorted());
        }
      }
    });

    clause('keeps times, idle and versions at their limits', async (subject) => {
      const now = Date.now();
      for (const version of EXTREME_VERSIONS) {
        await assertRoundTrip(subject, createRecord({ version }));
      }
      await assertRoundTrip(subject, createRecord({ absoluteAt: END_OF_TIME, expiresAt: END_OF_TIME }));
      await assertRoundTrip(subject, createRecord({ createdAt: 0, idle: 2 ** 40, expiresAt: now + 2 ** 40 }));
      await assertRoundTrip(subject, createRecord({ idle: 1, expiresAt: now + 60_001 }));
    });

    clause('keeps a format that it does not know', async (subject) => {
      await assertRoundTrip(subject, createRecord({ format: 2 }));
      await assertRoundTrip(subject, createRecord({ format: 1_000 }));
    });

    clause('takes every 43 characters of base64url for an id', async (subject) => {
      for (const character of ['A', '0', '-', '_', 'z']) {
        await assertRoundTrip(subject, createRecord(), character.repeat(43) as SessionId);
      }
    });

    clause('tells ids apart by case', async ({ store }) => {
      const [lower, upper] = ['a'.repeat(43) as SessionId, 'A'.repeat(43) as SessionId];
      const record = createRecord();
      await store.create(lower, record);
      assert.equal(await store.read(upper), undefined);
      assert.equal(await store.create(upper, createRecord()), true);
      assert.deepEqual(await store.read(lower), record);
    });
  });
}
