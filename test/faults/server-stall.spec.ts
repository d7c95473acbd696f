import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'vitest';
import { OPERATION_TIMEOUT, startFaultApp } from './fault-app.js';
import { Load } from './load.js';
import { faultStores, startDurable } from './stores.js';
import { type Answer, succeeds, Visitor } from './visitor.js';
import { RETRIES } from '../support/retries.js';

/** How long the server stands still. */
const STALL = 10_000;
/** How much later than the operation's limit an answer may come, for all that a busy machine does beside. */
const ALLOWANCE = 4_000;
const MAX_PENDING = 4;
const VISITORS = 10;

const stores = await faultStores('a stalled server');

const statuses = (answers: readonly Answer[]) => [...new Set(answers.map(({ status }) => status))];

describe.concurrent('a server that stands still under load', { retry: RETRIES }, () => {
  for (const { name, kind, connect, isMissing } of stores) {
    it.skipIf(isMissing)(
      `P10 P12 ${name}: 503 in time, other pages answer, afterwards everything is as before`,
      { timeout: 120_000 },
      async ({ expect: expects, onTestFinished }) => {
        const server = await startDurable(kind);
        onTestFinished(() => server.stop());
        const app = await startFaultApp(connect(server.url), { maxPending: MAX_PENDING });
        onTestFinished(() => app.close());
        const load = new Load();
        onTestFinished(() => load.stop());

        const visitors = Array.from({ length: VISITORS }, () => new Visitor(app.url));
        const stranger = new Visitor(app.url);
        const known = new Visitor(app.url);
        for (const visitor of [...visitors, known]) {
          await succeeds(() => visitor.count());
        }
        visitors.forEach((visitor) => load.lane(() => visitor.count()));
        load.lane(() => stranger.get('/plain'));
        load.lane(() => known.get('/plain'));
        await load.succeeds(100, '/count');

        await server.pause();
        const from = performance.now();
        await sleep(STALL);
        const to = performance.now();
        const waiting = app.store.most;
        await server.resume();

        await load.succeeds(100, '/count');
        await load.stop();
        // Everybody is served again, in the session that was there before.
        for (const visitor of visitors) {
          const { count } = await succeeds(() => visitor.get('/look'));
          expects(count).toBeGreaterThanOrEqual(visitor.acknowledged);
          expects(count).toBeLessThanOrEqual(visitor.asked);
        }

        expects(load.failures).toEqual([]);
        const plain = load.answers.filter(({ path }) => path === '/plain');
        const stalled = load.answers.filter(({ askedAt, answeredAt }) => askedAt > from && answeredAt < to);
        const stalledPlain = stalled.filter(({ path }) => path === '/plain');
        expects(statuses(plain)).toEqual([200]);
        expects(stalledPlain.length).toBeGreaterThan(20);
        // Those too that were asked before the stall or answered after it.
        const waits = load.answers.map(({ askedAt, answeredAt }) => answeredAt - askedAt);
        expects(Math.max(...waits)).toBeLessThan(OPERATION_TIMEOUT + ALLOWANCE);
        const counting = stalled.filter(({ path }) => path === '/count');
        expects(statuses(counting)).toEqual([503]);
        expects(counting.length).toBeGreaterThan(VISITORS);
        expects(waiting).toBe(MAX_PENDING);
        expects(app.log.errors.length).toBeLessThan(counting.length / 10);
      },
    );
  }
});
