import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'vitest';
import { startFaultApp } from './fault-app.js';
import { faultStores, startDurable } from './stores.js';
import { succeeds, Visitor } from './visitor.js';
import { RETRIES } from '../support/retries.js';

/** Longer than drivers wait for a server before they give their first attempt up. */
const OUTAGE = 6_000;
/** Between two requests, in milliseconds. */
const PAUSE = 50;

const stores = await faultStores('a server that is absent at boot');

describe.concurrent('a server that is absent at boot', { retry: RETRIES }, () => {
  for (const { name, kind, connect, isMissing } of stores) {
    it.skipIf(isMissing)(
      `P12 ${name}: with requireStoreAtBoot the application refuses to start, and says why`,
      { timeout: 90_000 },
      async ({ expect, onTestFinished }) => {
        const server = await startDurable(kind);
        onTestFinished(() => server.stop());
        await server.kill();
        // The start is bounded in startFaultApp().
        await expect(startFaultApp(connect(server.url), { requireStoreAtBoot: true })).rejects.toMatchObject({
          code: 'session_unavailable',
          message: expect.stringMatching(/^The session store failed at open: .* Check that the store is up/),
        });
        // Once it is there the same application starts.
        await server.restart();
        const app = await startFaultApp(connect(server.url), {
          requireStoreAtBoot: true,
          operationTimeout: 10_000,
        });
        onTestFinished(() => app.close());
        expect((await new Visitor(app.url).count()).status).toBe(200);
      },
    );
  }

  for (const { name, kind, connect, isMissing } of stores) {
    it.skipIf(isMissing)(
      `P10 ${name}: without it the application starts, and has its sessions when the server is there`,
      { timeout: 90_000 },
      async ({ expect, onTestFinished }) => {
        const server = await startDurable(kind);
        onTestFinished(() => server.stop());
        await server.kill();
        const app = await startFaultApp(connect(server.url));
        onTestFinished(() => app.close());
        expect(app.log.errors.map(({ message }) => message)).toEqual([
          expect.stringMatching(/^The session store failed at open: /),
        ]);

        const visitor = new Visitor(app.url);
        for (const until = performance.now() + OUTAGE; performance.now() < until;) {
          expect((await visitor.get('/plain')).status).toBe(200);
          expect((await visitor.count()).status).toBe(503);
          await sleep(PAUSE);
        }
        expect(visitor.hasCookie).toBe(false);

        await server.restart();
        await succeeds(() => visitor.count());
        await succeeds(() => visitor.count());
        expect(await succeeds(() => visitor.get('/look'))).toMatchObject({ count: visitor.acknowledged });
        expect(visitor.acknowledged).toBeGreaterThanOrEqual(2);
      },
    );
  }
});
