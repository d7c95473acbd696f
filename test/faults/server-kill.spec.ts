import { describe, it } from 'vitest';
import { brokenPromises, comingAndGoing } from './coming-and-going.js';
import { startFaultApp } from './fault-app.js';
import { Load } from './load.js';
import { faultStores, startDurable } from './stores.js';
import type { Visitor } from './visitor.js';
import { RETRIES } from '../support/retries.js';

const ROUNDS = 3;
const LANES = 8;

const stores = await faultStores('a killed server');

describe.concurrent(
  'a server that is killed under load and started again on its data',
  { retry: RETRIES },
  () => {
    for (const { name, kind, connect, isMissing } of stores) {
      it.skipIf(isMissing)(
        `P3 P10 ${name}: nothing acknowledged is lost, nothing ended comes back, the application reconnects by itself`,
        { timeout: 180_000 },
        async ({ expect, onTestFinished }) => {
          const server = await startDurable(kind);
          onTestFinished(() => server.stop());
          const app = await startFaultApp(connect(server.url), { operationTimeout: 2_000 });
          onTestFinished(() => app.close());
          const visitors: Visitor[] = [];

          for (let round = 1; round <= ROUNDS; round++) {
            const load = new Load();
            onTestFinished(() => load.stop());
            for (let lane = 0; lane < LANES; lane++) {
              load.lane(comingAndGoing(app.url, visitors));
            }
            await load.succeeds(100 + 37 * round);
            await server.kill();
            // Until it is noticed: some are told so.
            await load.fails(5);
            await server.restart();
            await load.succeeds(20);
            await load.stop();
            expect(load.failures).toEqual([]);
          }

          expect(visitors.length).toBeGreaterThan(50);
          expect(visitors.some(({ state }) => state === 'gone')).toBe(true);
          expect(await brokenPromises(app.url, visitors)).toEqual([]);
        },
      );
    }
  },
);
