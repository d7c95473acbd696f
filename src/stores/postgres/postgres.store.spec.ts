import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { StoreSetupError } from '../../core/store-setup.error.js';
import { createRecord, createSessionId, createVersion } from '../../testing/contract/records.js';
import { PostgresSessionStore, type PostgresQuery } from './index.js';
import { loadPg } from './load-pg.js';
import { openPool } from './open-pool.js';
import { COLUMNS } from './table-definition.js';
import { within } from '../../../test/support/within.js';

/** A pool whose server fails where the test says so; everything else is fine and empty. */
function faultyPool(fault: (query: PostgresQuery) => unknown[] | Error | undefined) {
  const texts: string[] = [];
  return {
    texts,
    query(query: PostgresQuery): Promise<{ rows: unknown[] }> {
      texts.push(query.text);
      const answer = query.text.includes('server_version_num') ? [CHECKED] : (fault(query) ?? []);
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve({ rows: answer });
    },
  };
}

const CHECKED = {
  version: '150004',
  encoding: 'UTF8',
  standby: 'false',
  oid: '1',
  persistence: 'p',
  columns: JSON.stringify(COLUMNS),
  keyed: 'true',
  permitted: 'true',
};

function serverError(code: string, message: string, more: object = {}): Error {
  return Object.assign(new Error(message), { code, ...more });
}

describe('PostgresSessionStore', () => {
  const pool = faultyPool(() => undefined);

  it.each([
    [{}, /either a pool or a url/],
    [{ pool, url: 'postgres://localhost/db' }, /either a pool or a url/],
    [{ pool: {} }, /a pool without query\(\)/],
    [{ pool: null }, /a pool without query\(\)/],
    [{ url: 'mysql://user:secret@localhost/db' }, /begins with postgres:\/\//],
    [{ url: 5 }, /begins with postgres:\/\//],
    [{ pool, table: '' }, /cannot use table/],
    [{ pool, schema: 'x'.repeat(64) }, /cannot use schema/],
    [{ pool, sweepInterval: 2 ** 31 }, /cannot use sweepInterval/],
    [{ pool, sweepBatch: 0 }, /cannot use sweepBatch/],
  ])('refuses options that it cannot use, and tells no password: %#', (options, message) => {
    let error: unknown;
    try {
      // @ts-expect-error -- what a program in JavaScript may give
      error = new PostgresSessionStore(options);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ message: expect.stringMatching(message) });
    expect(inspect(error)).not.toContain('secret');
  });

  it('exports the SQL of its table', () => {
    const sql = PostgresSessionStore.createTableSql({ table: 'my "table"', schema: 'app', unlogged: true });
    expect(sql).toMatch(/^CREATE UNLOGGED TABLE "app"\."my ""table""" \(\n {2}id text/);
    expect(sql).toContain('CREATE INDEX ON "app"."my ""table""" (expires_hour);');
    expect(PostgresSessionStore.createTableSql()).toMatch(/^CREATE TABLE "nest_sessions" \(/);
  });

  it('says how to install pg when it is missing', async () => {
    const missing = Object.assign(new Error("Cannot find package 'pg' imported from app.js"), {
      code: 'ERR_MODULE_NOT_FOUND',
    });
    await expect(loadPg(() => Promise.reject(missing))).rejects.toThrow(/Install it: npm install pg/);
    await expect(loadPg(() => Promise.reject(new Error('broken')))).rejects.toThrow(/could not load/);
  });

  it('P10 survives a connection of its own pool that breaks while nobody uses it', async () => {
    const own = await openPool('postgres://localhost/db');
    expect(() => Reflect.apply(Reflect.get(own, 'emit'), own, ['error', new Error('broken')])).not.toThrow();
    await own.end();
  });

  describe.each(['40001', '40P01'])('where the server refuses a statement with %s', (code) => {
    it('runs it again', async () => {
      let refusals = 3;
      const refusing = faultyPool(() =>
        refusals-- > 0 ? serverError(code, 'try again') : [{ removed: '7' }],
      );
      const store = new PostgresSessionStore({ pool: refusing });
      expect(await store.sweep(1, 7)).toBe(7);
      expect(refusing.texts).toHaveLength(1 + 4);
      await store.close();
    });

    it('gives up some day', async () => {
      const refusing = faultyPool(() => serverError(code, 'try again'));
      const store = new PostgresSessionStore({ pool: refusing });
      await expect(store.remove(createSessionId())).rejects.toThrow(
        `could not run a statement: try again (${code})`,
      );
      expect(refusing.texts).toHaveLength(1 + 50);
      await store.close();
    });
  });

  it('runs nothing again after another error: what became of it is not known', async () => {
    const failing = faultyPool(() => new Error('Connection terminated unexpectedly'));
    const store = new PostgresSessionStore({ pool: failing });
    const record = createRecord();
    await expect(store.create(createSessionId(), record)).rejects.toThrow(
      /Connection terminated unexpectedly\. Check/,
    );
    await expect(store.replace(createSessionId(), record, createVersion())).rejects.toThrow(/unexpectedly/);
    expect(failing.texts).toHaveLength(1 + 2);
    await store.close();
  });

  it('P7 tells of an error what was said, not what was in the statement', async () => {
    const cause = serverError('22P02', 'invalid input syntax for type json', {
      detail: 'Token "private" is invalid.',
      where: 'JSON data, line 1: {"email":"private@b.c"',
      client: { connectionParameters: { password: 'private' } },
    });
    const store = new PostgresSessionStore({ pool: faultyPool(() => cause) });
    const error: unknown = await store.read(createSessionId()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ message: expect.stringContaining('(22P02)'), cause: { code: '22P02' } });
    expect(inspect(error, { depth: 9 })).not.toContain('private');
    await store.close();
  });

  it.each([
    'postgres://user:pass/7391@127.0.0.1:1/db',
    'postgres://user:pass#7391@127.0.0.1:1/db',
    'postgres://user:%E0%A47391@127.0.0.1:1/db',
    'postgres://user:pass7391@127.0.0.1:99999/db',
    'postgres://user:pass7391@127.0.0.1/db?port=99999',
    'postgres://user:pass7391@127.0.0.1/db?port=abc',
  ])('P7 says that the URL cannot be used, and nothing of it, and closes: %#', async (url) => {
    const store = new PostgresSessionStore({ url });
    for (const call of [() => store.open(), () => store.read(createSessionId())]) {
      const error: unknown = await call().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(StoreSetupError);
      expect(String(error)).toMatch(/cannot use its url\. Percent-encode special characters/);
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('7391');
    }
    await within(5_000, () => 'the store did not close', store.close());
  });

  it.each([
    Object.assign(new TypeError('Invalid URL'), {
      code: 'ERR_INVALID_URL',
      input: 'postgres://user:private@[/db',
    }),
    new URIError('URI malformed'),
    Object.assign(new RangeError('Port should be < 65536.'), { code: 'ERR_SOCKET_BAD_PORT' }),
  ])('P7 says so of a pool’s URL too, whichever version of pg tells the URL: %s', async (cause) => {
    const store = new PostgresSessionStore({ pool: { query: () => Promise.reject(cause) } });
    const error: unknown = await store.open().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StoreSetupError);
    expect(error).toMatchObject({ cause });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('private');
    await store.close();
  });

  it('gives up on an id whose row is in its way and not to be seen', async () => {
    const blind = faultyPool(({ text }) =>
      text.includes('INSERT') ? [{ done: 'false', version: null }] : [],
    );
    const store = new PostgresSessionStore({ pool: blind });
    await expect(store.create(createSessionId(), createRecord())).rejects.toThrow(/row security policy/);
    await store.close();
  });
});
