import { type Clock, systemClock } from 'nest-sessions';
import type { ExpressSessionStore } from '../../../src/core/express-session-store.js';
import { systemRandom } from '../../../src/core/token.js';
import { ExpressStoreAdapter } from '../../../src/stores/express/express.store.js';

/** What the adapter of these tests is told. */
export interface AdapterSetting {
  readonly clock?: Clock;
  readonly operationTimeout?: number;
}

/** A store of express-session's with our contract. */
export function adapterOf(
  store: ExpressSessionStore,
  { clock = systemClock, operationTimeout = 20_000 }: AdapterSetting = {},
): ExpressStoreAdapter {
  const lifetime = { idle: 60_000, absolute: 600_000, touchAfter: 6_000 };
  return new ExpressStoreAdapter(store, { clock, random: systemRandom, lifetime, operationTimeout });
}
