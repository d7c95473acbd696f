import { MongoClient } from 'mongodb';
import { Client } from 'pg';
import { describe, it } from 'vitest';
import { canLimitFiles, limitFiles } from '../support/servers/limit-files.js';
import { startRedis } from '../support/servers/redis.server.js';
import { RespConnection } from '../support/servers/resp-connection.js';
import type { RunningServer } from '../support/servers/running-server.js';
import { RETRIES } from '../support/retries.js';
import { type FaultApp, startFaultApp } from './fault-app.js';
import { faultStores, type FaultStore, startDurable } from './stores.js';
import { expectContained } from './trouble.js';
import { fails, succeeds, Visitor } from './visitor.js';

const PASSWORD = 'S3cret/of the server';
const WRONG = 'wr0ng-pass/word';
/** All that the application knows of a password. */
const SECRETS = [WRONG, encodeURIComponent(WRONG)];

/** Enough for a server to say what is wrong, on a busy machine too. */
const PATIENCE = { operationTimeout: 2_000 };

const stores = await faultStores('a server in trouble');
const hasLimits = canLimitFiles('a server that is full');

/** What a visitor without a session gets who is to have one. */
const comes = (app: FaultApp) => () => new Visitor(app.url).client.read('/count');

describe.concurrent('a wrong password', { retry: RETRIES }, () => {
  for (const { name, kind, connect, isMissing } of stores) {
    it.skipIf(isMissing)(
      `P10 ${name}: is a 503, one line in the log, no secret anywhere`,
      { timeout: 90_000 },
      async ({ expect, onTestFinished }) => {
        const server = await startDurable(kind, PASSWORD);
        onTestFinished(() => server.stop());
        const url = server.url.replace(encodeURIComponent(PASSWORD), encodeURIComponent(WRONG));
        expect(url).not.toBe(server.url);
        const app = await startFaultApp(connect(url), PATIENCE);
        onTestFinished(() => app.close());
        const said = 'WRONGPASS|NOAUTH|password authentication failed|Authentication failed';
        // node-redis may keep commands back until it is logged in, and tells its own listeners alone why it is not.
        const says = new RegExp(name.includes('node-redis') ? `${said}|no answer within` : said);
        await expectContained(app, { ask: comes(app), says, secrets: SECRETS });

        await expect(startFaultApp(connect(url), { requireStoreAtBoot: true })).rejects.toThrow(
          /^The session store failed at open: /,
        );
      },
    );
  }
});

describe.concurrent('a server that takes no writes', { retry: RETRIES }, () => {
  for (const { name, kind, connect, isMissing } of stores) {
    it.skipIf(isMissing)(
      `P4 P10 ${name}: is a 503 and one line in the log, and as before when it takes writes again`,
      { timeout: 120_000 },
      async ({ expect, onTestFinished }) => {
        const server = await startDurable(kind);
        onTestFinished(() => server.stop());
        const app = await startFaultApp(connect(server.url), PATIENCE);
        onTestFinished(() => app.close());
        const visitor = new Visitor(app.url);
        await succeeds(() => visitor.count());

        const linesBefore = app.log.errors.length;
        const { says, isReadable, end } = await makeReadOnly(kind, server);
        await fails(() => visitor.count());
        await expectContained(app, { ask: comes(app), says, linesBefore });
        expect((await visitor.count()).status).toBe(503);
        expect((await visitor.leave()).status).toBe(503);
        const { acknowledged } = visitor;
        const looked = await visitor.get('/look');
        expect(looked).toMatchObject(isReadable ? { status: 200, count: acknowledged } : { status: 503 });

        await end();
        expect(await succeeds(() => visitor.get('/look'))).toMatchObject({ count: acknowledged });
        await succeeds(() => visitor.count());
      },
    );
  }
});

describe.concurrent('a server that is full', { retry: RETRIES }, () => {
  const withRedis = stores.filter(({ kind }) => kind === 'redis');
  const others = stores.filter(({ kind }) => kind !== 'redis');

  for (const { name, connect, isMissing } of withRedis) {
    it.skipIf(isMissing)(
      `P4 P10 ${name} at maxmemory with noeviction: no new session, the others are kept and can end`,
      { timeout: 90_000 },
      async ({ expect, onTestFinished }) => {
        const server = await startRedis({ own: true });
        onTestFinished(() => server.stop());
        const app = await startFaultApp(connect(server.url), PATIENCE);
        onTestFinished(() => app.close());
        const visitor = new Visitor(app.url);
        const leaving = new Visitor(app.url);
        await succeeds(() => visitor.count());
        await succeeds(() => leaving.count());

        await RespConnection.ask(server.port, 'CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
        await RespConnection.ask(server.port, 'CONFIG', 'SET', 'maxmemory', '1000'); // less than it has
        await expectContained(app, { ask: comes(app), says: /OOM command not allowed/ });
        expect((await visitor.count()).status).toBe(503);
        expect(await visitor.get('/look')).toMatchObject({ status: 200, count: 1 });
        expect((await leaving.leave()).status).toBeLessThan(300);
        expect(await leaving.get('/look')).toMatchObject({ status: 200, count: 0 });

        await RespConnection.ask(server.port, 'CONFIG', 'SET', 'maxmemory', '0');
        await succeeds(() => visitor.count());
        expect(await visitor.get('/look')).toMatchObject({ status: 200, count: 2 });
      },
    );
  }

  for (const { name, kind, connect, isMissing } of others) {
    it.skipIf(isMissing || !hasLimits)(
      `P4 P10 ${name}: what it does not take is a 503, what it had taken is there when it has room again`,
      { timeout: 120_000 },
      async ({ expect, onTestFinished }) => {
        const server = await startDurable(kind);
        onTestFinished(() => server.stop());
        const app = await startFaultApp(connect(server.url), PATIENCE);
        onTestFinished(() => app.close());
        const visitors = [new Visitor(app.url)];
        await succeeds(() => visitors[0]!.count());

        await limitFiles(server, 1_048_576);
        let status = 200;
        while (status === 200) {
          const visitor = new Visitor(app.url);
          ({ status } = await visitor.get('/fill'));
          visitors.push(...(status === 200 ? [visitor] : []));
          expect(visitors.length).toBeLessThan(200);
        }
        expect(status).toBe(503);
        await expectContained(app, {
          ask: () => new Visitor(app.url).client.read('/fill'),
          says:
            kind === 'mongo' ? /connection .* closed|ECONNREFUSED|no answer within/ : /could not extend file/,
        });

        if (kind === 'mongo') {
          await server.restart(); // it gives up when it cannot write
        }
        await limitFiles(server, Number.POSITIVE_INFINITY);
        for (const visitor of visitors) {
          expect((await succeeds(() => visitor.get('/look'))).status).toBe(200);
          await succeeds(() => visitor.count());
        }
        await succeeds(() => new Visitor(app.url).get('/fill'));
      },
    );
  }
});

/** What a server that takes no writes says, whether it still tells what it has, and how that ends. */
interface ReadOnly {
  readonly says: RegExp;
  readonly isReadable: boolean;
  end(): Promise<void>;
}

/** Lets a server refuse writes, as one does that has become a replica or a standby, or was configured so. */
async function makeReadOnly(kind: FaultStore['kind'], server: RunningServer): Promise<ReadOnly> {
  if (kind === 'redis') {
    // A replica of a server that is not there: it keeps what it has, and says so.
    await RespConnection.ask(server.port, 'REPLICAOF', '127.0.0.1', '1');
    return {
      says: /READONLY You can't write against a read only replica/,
      isReadable: true,
      end: async () => void (await RespConnection.ask(server.port, 'REPLICAOF', 'NO', 'ONE')),
    };
  }
  if (kind === 'mongo') {
    await mongoAdmin(server, { replSetStepDown: 600, force: true });
    return {
      // Only the primary is asked, and there is none.
      says: /no answer within|not primary|node is recovering|Server selection timed out/,
      isReadable: false,
      end: () => mongoAdmin(server, { replSetFreeze: 0 }),
    };
  }
  await postgresSetting(server, 'SET default_transaction_read_only = on');
  return {
    says: /cannot execute [\w ]+ in a read-only transaction/,
    isReadable: true,
    end: () => postgresSetting(server, 'RESET default_transaction_read_only'),
  };
}

async function mongoAdmin({ port }: RunningServer, command: Record<string, unknown>): Promise<void> {
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`);
  try {
    await client.db('admin').command(command);
  } finally {
    await client.close();
  }
}

/** Changes a setting, which reaches the connections that are there a little later. */
async function postgresSetting({ url }: RunningServer, change: string): Promise<void> {
  const client = new Client({ connectionString: url, options: '-c default_transaction_read_only=off' });
  await client.connect();
  try {
    await client.query(`ALTER SYSTEM ${change}`);
    await client.query('SELECT pg_reload_conf()');
  } finally {
    await client.end();
  }
}
