import connectPgSimple from 'connect-pg-simple';
import session from 'express-session';
import { Pool } from 'pg';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { begin, engineOn, loggedIn } from '../../support/engine.js';
import { hasServer } from '../../support/servers/has-server.js';
import { startPostgres } from '../../support/servers/postgres.server.js';
import { adapterOf } from './adapter.js';
import { KITS } from './kits.js';
import { describeExpressStore } from './store-suite.js';

await describeExpressStore(KITS.pgSimple);

describe.skipIf(!(await hasServer('postgres', 'connect-pg-simple')))('connect-pg-simple', () => {
  it('P5 on a jsonb column, which sorts keys anew, reads are no writes', async () => {
    const server = await startPostgres();
    const pool = new Pool({ connectionString: server.url });
    onTestFinished(async () => {
      await pool.end();
      await server.stop();
    });
    await pool.query(
      'CREATE TABLE sorting (sid varchar PRIMARY KEY, sess jsonb NOT NULL, expire timestamp(6) NOT NULL)',
    );
    const store = new (connectPgSimple(session))({ pool, tableName: 'sorting', pruneSessionInterval: false });
    const engine = engineOn(adapterOf(store));
    const token = await loggedIn(engine, { longer: { zz: 1, a: [{ y: 1, x: 2 }] }, b: 1 });
    const set = vi.spyOn(store, 'set');
    for (let turn = 0; turn < 3; turn++) {
      expect((await begin(engine, token)).live.pick(['longer', 'b'])).toEqual({
        longer: { zz: 1, a: [{ y: 1, x: 2 }] },
        b: 1,
      });
    }
    expect(set).not.toHaveBeenCalled();
    const changing = await begin(engine, token);
    changing.live.set('b', 2);
    await changing.commit();
    expect(set).toHaveBeenCalledTimes(1);
  });
});
