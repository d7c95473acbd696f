import { BSON } from 'mongodb';
import { describe, expect, it } from 'vitest';
import type { Handle, Principal } from '../../core/record.js';
import { createRecord, createSessionId } from '../../testing/contract/records.js';
import { decodeRecord, encodeRecord } from './record.document.js';

const id = createSessionId();
const purgeAt = new Date(1_700_000_000_000);

function throughBson(document: object): BSON.Document {
  return BSON.deserialize(BSON.serialize(document));
}

describe('a session as a document', () => {
  it('has text where there was text, and dates where there were times', () => {
    const record = createRecord({ principal: 'u1' as Principal, next: createSessionId() });
    expect(throughBson(encodeRecord(id, record, purgeAt))).toEqual({
      _id: id,
      format: 1,
      version: record.version,
      fields: record.fields,
      lengths: record.lengths,
      principal: 'u1',
      handle: record.handle,
      createdAt: new Date(record.createdAt),
      lastSeenAt: new Date(record.lastSeenAt),
      expiresAt: new Date(record.expiresAt),
      absoluteAt: new Date(record.absoluteAt),
      idle: record.idle,
      next: record.next,
      meta: '{}',
      purgeAt,
    });
  });

  it('gives the very record back', () => {
    for (const record of [
      createRecord(),
      createRecord({ principal: 'u1' as Principal, next: createSessionId() }),
    ]) {
      expect(decodeRecord(throughBson(encodeRecord(id, record, purgeAt)))).toStrictEqual(record);
    }
  });

  it('keeps texts that BSON cannot hold: a surrogate alone, which UTF-8 has not', () => {
    const texts = ['\uD800', 'a\uDC00b', '\uD83E', '\u0000', '"\\\uDFFF"'];
    for (const text of texts) {
      const record = createRecord({
        fields: text,
        principal: text as Principal,
        handle: text as Handle,
        meta: text,
      });
      expect(decodeRecord(throughBson(encodeRecord(id, record, purgeAt)))).toStrictEqual(record);
    }
    const kept = texts.map((text) => encodeRecord(id, createRecord({ fields: text }), purgeAt).fields);
    expect(new Set(kept.map((text) => JSON.stringify(text))).size).toBe(texts.length);
  });

  it('takes a damaged document, or one of another program, for a record that nobody can use', () => {
    const document = throughBson(encodeRecord(id, createRecord({ principal: 'u1' as Principal }), purgeAt));
    const damaged = Object.keys(document)
      .filter((name) => !['_id', 'purgeAt', 'principal'].includes(name))
      .map((name) => Object.fromEntries(Object.entries(document).filter(([key]) => key !== name)));
    const spoilt = Object.keys(document)
      .filter((name) => !['_id', 'purgeAt'].includes(name))
      .map((name) => ({ ...document, [name]: { json: '{' } }));
    const foreign = [
      { _id: 'x', expires: new Date(), session: '{"cookie":{}}' },
      { ...document, lengths: [1, '2'] },
      { ...document, createdAt: new Date(Number.NaN) },
      { ...document, fields: { json: '{}' } },
      'text',
      [],
      null,
    ];
    for (const garbage of [...damaged, ...spoilt, ...foreign]) {
      expect(decodeRecord(garbage)).toMatchObject({ format: 1, version: -1, fields: '', expiresAt: 0 });
    }
    expect(damaged.length).toBe(11);
  });

  it('says so when a newer version wrote it, and never takes that for damage', () => {
    const document = throughBson(encodeRecord(id, createRecord({ format: 2 }), purgeAt));
    expect(decodeRecord(document)).toMatchObject({ format: 2 });
    expect(() => decodeRecord({ ...document, fields: new BSON.Binary() })).toThrow(
      /format 2 and knows those up to 1.*Finish the upgrade/,
    );
  });
});
