import { promisify } from 'node:util';
import expressSession, { type Session, type SessionOptions, type Store } from 'express-session';
import { Accounts, type PageRequest } from '../app/accounts.js';
import type { PageFields } from '../app/session-fields.js';
import { NO_SESSION } from './no-session.js';
import { COOKIE, COOKIE_NAME, SECRET, type Surroundings, urlOf, type Variant } from './variant.js';

/** What express-session's README shows: another id at the login, and saved before the answer. */
class ExpressSessionAccounts extends Accounts {
  async login(req: PageRequest, fields: PageFields): Promise<void> {
    const before = sessionOf(req);
    await promisify(before.regenerate.bind(before))();
    const session = sessionOf(req);
    Object.assign(session, fields);
    await promisify(session.save.bind(session))();
  }

  async logout(req: PageRequest): Promise<void> {
    const session = sessionOf(req);
    await promisify(session.destroy.bind(session))();
  }
}

function sessionOf(req: PageRequest): Session {
  return req.session as Session;
}

function optionsWith(store: Store): SessionOptions {
  return {
    secret: SECRET,
    name: COOKIE_NAME,
    cookie: COOKIE,
    resave: false,
    saveUninitialized: false,
    store,
  };
}

/** Its stores, under the names that the variants have. */
const STORES = {
  memory: {
    title: 'MemoryStore',
    packages: [],
    make: () => new expressSession.MemoryStore(),
  },
  redis: {
    title: 'connect-redis',
    packages: ['connect-redis', 'redis'],
    make: async (around: Surroundings, isTuned: boolean) => {
      const { RedisStore } = await import('connect-redis');
      const given = (await import('redis')).createClient({ url: urlOf(around, 'redis') });
      await given.connect();
      const client = isTuned ? given.withCommandOptions({ timeout: 0 }) : given;
      return new RedisStore({ client, prefix: 'connect-redis:', disableTouch: isTuned });
    },
  },
  mongo: {
    title: 'connect-mongo',
    packages: ['connect-mongo', 'mongodb'],
    make: async (around: Surroundings, isTuned: boolean) => {
      const { MongoStore } = await import('connect-mongo');
      const { MongoClient } = await import('mongodb');
      const client = await MongoClient.connect(urlOf(around, 'mongo'));
      return MongoStore.create({ client, dbName: 'connect-mongo', ...(isTuned && { touchAfter: 180 }) });
    },
  },
  postgres: {
    title: 'connect-pg-simple',
    packages: ['connect-pg-simple', 'pg'],
    make: async (around: Surroundings, isTuned: boolean) => {
      const { default: connectPgSimple } = await import('connect-pg-simple');
      const { Pool } = await import('pg');
      const pool = new Pool({ connectionString: urlOf(around, 'postgres') });
      const PgStore = connectPgSimple(expressSession);
      const table = { createTableIfMissing: true, tableName: 'connect_pg_simple' };
      return new PgStore({ pool, ...table, disableTouch: isTuned });
    },
  },
};

/** The variant that each store of this package is compared with. */
export const EXPRESS_SESSION = {
  memory: 'express-session, MemoryStore',
  redis: 'express-session, connect-redis',
  mongo: 'express-session, connect-mongo',
  postgres: 'express-session, connect-pg-simple',
} as const;

type Kind = keyof typeof EXPRESS_SESSION;

function on(kind: Kind, rest: Partial<Variant> = {}, isTuned = false): Variant {
  const { make, packages } = STORES[kind];
  return {
    name: EXPRESS_SESSION[kind],
    ...(kind === 'memory' ? {} : { database: kind }),
    baseline: NO_SESSION,
    packages: ['express-session', ...packages],
    ...rest,
    async prepare(around) {
      const middleware = expressSession(optionsWith(await make(around, isTuned)));
      return { accounts: ExpressSessionAccounts, install: (app) => app.use(middleware) };
    },
  };
}

/**
 * What somebody gets who knows its stores well: activity is not written with every request, and node-redis makes no timer for each
 * command.
 */
function tuned(kind: Kind): Variant {
  const peer = EXPRESS_SESSION[kind];
  return on(kind, { name: `${peer}, tuned`, peer, works: ['read', 'write', 'unused'] }, true);
}

/** express-session as people mount it, and by the module nestjs-session. */
export const expressSessionVariants: readonly Variant[] = [
  on('memory'),
  on('redis'),
  on('mongo'),
  on('postgres'),
  tuned('redis'),
  tuned('mongo'),
  tuned('postgres'),
  {
    name: 'nestjs-session, MemoryStore',
    baseline: NO_SESSION,
    peer: EXPRESS_SESSION.memory,
    packages: ['nestjs-session', 'express-session'],
    async prepare() {
      const { SessionModule } = await import('nestjs-session');
      const session = optionsWith(new expressSession.MemoryStore());
      return { accounts: ExpressSessionAccounts, imports: [SessionModule.forRoot({ session })] };
    },
  },
];
