import { AsyncLocalStorage } from 'node:async_hooks';
import { parseCookie } from 'cookie';
import type { RequestHandler, Request, Response } from 'express';
import { Accounts, type PageRequest } from '../app/accounts.js';
import { sessionFields } from '../app/session-fields.js';
import type { Work } from '../works.js';
import { EXPRESS_SESSION } from './express-session.js';
import { NO_SESSION } from './no-session.js';
import { COOKIE_NAME, type Surroundings, urlOf, type Variant } from './variant.js';

/** A driver, with the two round trips that no session can do without. */
interface Driver {
  get(key: string): Promise<string | null | undefined>;
  set(key: string, text: string): Promise<unknown>;
}

async function redisDriver(around: Surroundings): Promise<Driver> {
  const { createClient } = await import('redis');
  const given = createClient({ url: urlOf(around, 'redis') });
  await given.connect();
  // Else it makes a timer and a signal for each command, and most of what is measured would be those.
  const client = given.withCommandOptions({ timeout: 0 });
  return {
    get: (key) => client.get(`driver:${key}`),
    set: (key, text) => client.set(`driver:${key}`, text, { expiration: { type: 'EX', value: 1_800 } }),
  };
}

async function mongoDriver(around: Surroundings): Promise<Driver> {
  const { MongoClient } = await import('mongodb');
  const client = await MongoClient.connect(urlOf(around, 'mongo'));
  const texts = client.db('driver').collection<{ _id: string; text: string }>('texts');
  return {
    get: async (key) => (await texts.findOne({ _id: key }))?.text,
    set: (key, text) => texts.updateOne({ _id: key }, { $set: { text } }, { upsert: true }),
  };
}

async function postgresDriver(around: Surroundings): Promise<Driver> {
  const { Pool } = await import('pg');
  const pool = new Pool({ connectionString: urlOf(around, 'postgres') });
  await pool.query('CREATE TABLE IF NOT EXISTS driver_texts (id text PRIMARY KEY, text text NOT NULL)');
  const read = { name: 'read', text: 'SELECT text FROM driver_texts WHERE id = $1' };
  const write = {
    name: 'write',
    text: `INSERT INTO driver_texts VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET text = EXCLUDED.text`,
  };
  return {
    get: async (key) => (await pool.query<{ text: string }>({ ...read, values: [key] })).rows[0]?.text,
    set: (key, text) => pool.query({ ...write, values: [key, text] }),
  };
}

/** What is to be written behind a page, if it writes; and the page. */
type Way = (res: Response, write: (() => Promise<unknown>) | undefined, page: () => void) => unknown;

/** The round trips and nothing else. */
const bare: Way = async (_res, write, page) => {
  await write?.();
  page();
};

/**
 * The same as it must be where services know the current session, and where the response waits until what the page changed is stored: in
 * an AsyncLocalStorage, with the end of the response held.
 */
function held(): Way {
  const current = new AsyncLocalStorage<Response>();
  return (res, write, page) => {
    if (write !== undefined) {
      const { end } = res;
      res.end = (...args: unknown[]) => {
        res.end = end;
        write().then(() => Reflect.apply(end, res, args));
        return res;
      };
    }
    current.run(res, page);
  };
}

/**
 * Reads before each page and writes behind the one that writes: no token, no signature, no JSON. The text begins with the two fields
 * that the pages ask for, each on a line.
 */
function roundTrips(driver: Driver, way: Way): RequestHandler {
  const login = async (res: Response, owner: string, bytes: number) => {
    await driver.set(owner, [owner, 'none', JSON.stringify(sessionFields(owner, bytes))].join('\n'));
    res.setHeader('Set-Cookie', `${COOKIE_NAME}=${encodeURIComponent(owner)}`);
  };
  const visit = async (req: Request, res: Response, value: string | undefined, page: () => void) => {
    const key = parseCookie(req.headers.cookie ?? '')[COOKIE_NAME] ?? '';
    const text = (await driver.get(key)) ?? '';
    const first = text.indexOf('\n');
    const second = text.indexOf('\n', first + 1);
    const name = text.slice(0, first);
    Object.assign(req, { session: { owner: name, note: text.slice(first + 1, second) } });
    const write = () => driver.set(key, `${name}\n${value}${text.slice(second)}`);
    await way(res, value === undefined ? undefined : write, page);
  };
  return (req, res, next) => {
    const { owner, bytes, value } = req.query as Readonly<Record<string, string>>;
    const page = () => next();
    const done =
      owner === undefined ? visit(req, res, value, page) : login(res, owner, Number(bytes)).then(page);
    done.catch(next);
  };
}

class NoAccounts extends Accounts {
  async login(_req: PageRequest): Promise<void> {}
  async logout(): Promise<void> {}
}

const WORKS: readonly Work[] = ['read', 'write'];
const DRIVERS = { redis: redisDriver, mongo: mongoDriver, postgres: postgresDriver };
const PACKAGES = { redis: 'redis', mongo: 'mongodb', postgres: 'pg' };

const WAYS: Readonly<Record<string, () => Way>> = {
  driver: () => bare,
  'driver, held, in a context': held,
};

/**
 * The floor under every library on a store: what the store's own driver costs on the same server, and what it costs where the
 * response waits for it and the session can be injected.
 */
export const driverVariants: readonly Variant[] = Object.entries(WAYS).flatMap(([title, way]) =>
  (['redis', 'mongo', 'postgres'] as const).map((database): Variant => ({
    name: `${title}: ${PACKAGES[database]}`,
    database,
    baseline: NO_SESSION,
    peer: EXPRESS_SESSION[database],
    works: WORKS,
    packages: [PACKAGES[database]],
    async prepare(around) {
      const middleware = roundTrips(await DRIVERS[database](around), way());
      return { accounts: NoAccounts, install: (app) => app.use(middleware) };
    },
  })),
);
