import { afterAll, describe, it } from 'vitest';
import { storeContract } from '../../src/testing/index.js';
import { adapterOf } from '../e2e/express-stores/adapter.js';
import { KITS, type StoreData, type StoreKit } from '../e2e/express-stores/kits.js';
import { hasServer } from '../support/servers/has-server.js';

/**
 * Stores made for express-session keep the contract within one process: the other handle of a race is another adapter on the same
 * store, as two applications in a process would have it. They keep fields as values, so that their text may be spelled anew.
 *
 * Two of the matrix are not here, because of what they store in: BSON holds no lone surrogates, no NUL in a name and no
 * `__proto__` (connect-mongodb-session); MariaDB's column for the expiry ends in 2106 (express-mysql-session).
 */
const STORES: readonly StoreKit[] = [
  KITS.memoryStore,
  KITS.memorystore,
  KITS.fileStore,
  KITS.connectRedis,
  KITS.connectMongo,
  KITS.pgSimple,
];

const started = new Map<StoreKit, Promise<StoreData>>();

function dataOf(kit: StoreKit): Promise<StoreData> {
  const data = started.get(kit) ?? kit.start();
  started.set(kit, data);
  return data;
}

afterAll(async () => {
  await Promise.all([...started.values()].map(async (data) => (await data).close()));
});

for (const kit of STORES) {
  if (kit.server !== undefined && !(await hasServer(kit.server, `the contract on ${kit.name}`))) {
    continue;
  }
  storeContract(
    `${kit.name}, through ExpressStoreAdapter,`,
    async () => {
      const data = await dataOf(kit);
      const store = await data.handle();
      return {
        store: adapterOf(store),
        reopen: () => Promise.resolve(adapterOf(store)),
        close: () => data.closeHandles(),
      };
    },
    { runner: { describe, it }, keepsText: false, rounds: 100 },
  );
}
