import { MongoClient } from 'mongodb';
import { Client } from 'pg';
import { createClient } from 'redis';
import { runnerImport } from 'vite';
import type { DatabaseName } from './variants/variant.js';

interface DatabaseServer {
  readonly url: string;
  stop(): Promise<void>;
}

type Starters = Readonly<Record<string, (options: { readonly own: true }) => Promise<DatabaseServer>>>;

/** Where the tests' own starters are, and how they are called. */
const STARTERS = {
  redis: ['redis', 'startRedis'],
  mongo: ['mongo', 'startMongo'],
  postgres: ['postgres', 'startPostgres'],
} as const;

const VERSIONS: Readonly<Record<DatabaseName, [string, (url: string) => Promise<string>]>> = {
  redis: ['Redis', redisVersion],
  mongo: ['MongoDB', mongoVersion],
  postgres: ['PostgreSQL', postgresVersion],
};

async function redisVersion(url: string): Promise<string> {
  const client = createClient({ url });
  await client.connect();
  const info = await client.info('server');
  await client.close();
  return /^redis_version:(\S+)/m.exec(info)?.[1] ?? 'unknown';
}

async function mongoVersion(url: string): Promise<string> {
  const client = await MongoClient.connect(url);
  const { version } = await client.db().admin().serverInfo();
  await client.close();
  return String(version);
}

async function postgresVersion(url: string): Promise<string> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
  await client.end();
  return rows[0]?.server_version.split(' ')[0] ?? 'unknown';
}

/** Database servers of the bench's own. They run where this process is pinned. */
export class DatabaseServers {
  readonly urls: Partial<Record<DatabaseName, string>> = {};
  readonly #servers: DatabaseServer[] = [];

  async start(names: Iterable<DatabaseName>): Promise<void> {
    for (const name of names) {
      const [file, starter] = STARTERS[name];
      const { module } = await runnerImport<Starters>(`./test/support/servers/${file}.server.ts`);
      const server = await module[starter]?.({ own: true });
      if (server === undefined) {
        throw new Error(`${file}.server.ts has no ${starter}`);
      }
      this.#servers.push(server);
      this.urls[name] = server.url;
    }
  }

  /** As each says it itself. */
  async versions(): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for (const [name, url] of Object.entries(this.urls)) {
      const [title, ask] = VERSIONS[name as DatabaseName];
      found[title] = await ask(url);
    }
    return found;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
  }
}
