import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { idOfCookie } from '../support/worker-client.js';
import { WorkerCluster, type WorkerConfig } from '../support/worker-cluster.js';
import { inLanes } from '../support/worker-lanes.js';
import { LMDB, SERVERS, type SharedStore } from '../support/worker-stores.js';

const WORKERS = 4;
const ROUNDS = 2_000;
const RACES = 400;
const LANES = 40;
/** Time enough on a busy machine, where it is not the time that is tested. */
const PATIENT = { operationTimeout: 20_000 };

/** How a session ends, what that keeps, and what an answer does to the cookie. */
const ENDINGS = [
  { task: 'logout', follows: false },
  { task: 'regenerate', follows: true },
  { task: 'login', follows: true },
  { task: 'destroy', follows: false },
] as const;

/** What the request does that comes too late, and what its client is told. */
const LATE = [
  { task: 'set', status: 200 },
  { task: 'save', status: 200 },
  { task: 'update', status: 409 },
  { task: 'touch', status: 200 },
] as const;

const SUITE = 'many processes';

// One driver is enough here: what they differ in is what they do with a lost answer.
const kinds = [LMDB, ...SERVERS].filter(({ name }) => name !== 'redis by node-redis');
const stores = await Promise.all(
  kinds.map(async ({ name, isThere, start }) => ({ name, start, isMissing: !(await isThere(SUITE)) })),
);

for (const { name, start, isMissing } of stores) {
  describe.skipIf(isMissing)(`four processes on ${name}`, () => {
    let shared: SharedStore;
    let cluster: WorkerCluster;

    beforeAll(async () => {
      shared = await start();
      cluster = await startWorkers(PATIENT);
    });
    afterAll(async () => {
      await cluster?.stop();
      await shared?.stop();
    });

    function startWorkers(options: WorkerConfig['options'] = {}): Promise<WorkerCluster> {
      return WorkerCluster.start(Array.from({ length: WORKERS }, () => ({ store: shared.store(), options })));
    }

    /** What went wrong, with what the workers said last. */
    function told(wrong: readonly string[], { output } = cluster): readonly string[] {
      return wrong.length === 0 ? wrong : [...wrong, output.slice(-1_000)];
    }

    /** The cookie of a new session. */
    async function login(index: number, data: object): Promise<string> {
      const { status, cookie } = await cluster.worker(index).ask('login', { data });
      expect([status, cookie]).toEqual([200, expect.stringMatching(/^sid=./)]);
      return cookie!;
    }

    async function look(index: number, cookie: string): Promise<unknown> {
      const { status, result, cookie: answered } = await cluster.worker(index).ask('look', {}, cookie);
      expect([status, answered]).toEqual([200, undefined]);
      return result;
    }

    /** How many of these cookies have a record in the store. */
    async function stored(cookies: readonly string[]): Promise<number> {
      const ids = JSON.stringify(cookies.map(idOfCookie));
      const { result } = await cluster.worker(0).ask('stored', {}, '', ids);
      return (result as string[]).length;
    }

    it(`P1 ${ROUNDS} requests that were running when another worker ended their session bring none back`, async () => {
      const ended: string[] = [];
      const followers: string[] = [];
      const before = await cluster.events();
      const wrong = await inLanes(ROUNDS, LANES, async (n) => {
        const ending = ENDINGS[n % 4]!;
        const late = LATE[Math.floor(n / 4) % 4]!;
        // Every pair of workers meets: the one that runs late, the one that ends the session, a third that looks.
        const here = Math.floor(n / 16);
        const there = here + 1 + (Math.floor(here / 4) % 3);
        const cookie = await login(n, { theme: 'dark', count: 1 });
        const slow = await cluster.worker(here).begin(late.task, { field: 'theme', value: 'late' }, cookie);
        const end = await cluster.worker(there).ask(ending.task, { keep: ['theme'] }, cookie);
        expect(end.status).toBe(200);
        ended.push(cookie);
        const answer = await slow.finish();
        expect([answer.status, answer.cookie]).toEqual([late.status, undefined]);
        expect(await look(n + 3, cookie)).toEqual({ fields: {} });
        if (ending.follows) {
          followers.push(end.cookie!);
          const principal = ending.task === 'login' ? { principal: 'ada' } : {};
          expect(await look(here, end.cookie!)).toEqual({ ...principal, fields: { theme: 'dark' } });
        } else {
          expect(end.cookie).toBe('');
        }
      });
      expect(told(wrong)).toEqual([]);
      expect(await stored(ended)).toBe(0);
      expect(await stored(followers)).toBe(ROUNDS / 2);
      const { 'lost-write': lost = 0 } = await cluster.events();
      // All but the touches were changes that came too late; had they been early, there would be no such event.
      expect(lost - (before['lost-write'] ?? 0)).toBe((ROUNDS * 3) / 4);
    }, 180_000);

    it(`P1 neither do ${RACES} that are stored while another worker ends their session`, async () => {
      const ended: string[] = [];
      const wrong = await inLanes(RACES, LANES, async (n) => {
        const ending = ENDINGS[n % 4]!;
        const cookie = await login(n, { theme: 'dark' });
        const slow = await cluster.worker(n).begin('set', { field: 'theme', value: 'late' }, cookie);
        const [end, answer] = await Promise.all([
          cluster.worker(n + 1).ask(ending.task, { keep: [] }, cookie),
          slow.finish(),
        ]);
        ended.push(cookie);
        expect([end.status, answer.status, answer.cookie]).toEqual([200, 200, undefined]);
        expect(await look(n + 2, cookie)).toEqual({ fields: {} });
      });
      expect(told(wrong)).toEqual([]);
      expect(await stored(ended)).toBe(0);
    }, 120_000);

    it(`P2 of ${ROUNDS} parallel changes to different fields none is lost`, async () => {
      const cookies: string[] = [];
      const wrong = await inLanes(ROUNDS / WORKERS, LANES, async (n, lane) => {
        const cookie = (cookies[lane] ??= await login(lane, {
          field0: -1,
          field1: -1,
          field2: -1,
          field3: -1,
        }));
        // Each deletes what it set before, or sets it: all four have read the session before any of them writes.
        const requests = await Promise.all(
          cluster.workers.map((worker, index) =>
            worker.begin(n % 5 === index ? 'delete' : 'set', { field: `field${index}`, value: n }, cookie),
          ),
        );
        const answers = await Promise.all(requests.map((request) => request.finish()));
        expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
        const fields = Object.fromEntries(
          cluster.workers.flatMap((_worker, index) => (n % 5 === index ? [] : [[`field${index}`, n]])),
        );
        expect(await look(n, cookie)).toEqual({ principal: 'ada', fields });
      });
      expect(told(wrong)).toEqual([]);
    }, 120_000);

    it(`P2 update() as a counter, ${ROUNDS} times in parallel, ends at ${ROUNDS} and nobody gets a 503`, async () => {
      // Nobody waits longer than the default allows: that is the promise.
      const counters = await startWorkers();
      onTestFinished(() => counters.stop());
      // Nor are the first requests of a process measured, each of which takes many times as long as the later ones.
      const cold = await inLanes(RACES, LANES, async (n) => void (await counters.worker(n).ask('hit')));
      expect(told(cold, counters)).toEqual([]);
      const cookie = await login(0, { count: 0 });
      const answers = await Promise.all(
        Array.from({ length: ROUNDS }, () => counters.shared.ask('hit', {}, cookie)),
      );
      const refused = answers.filter(({ status }) => status !== 200);
      const wrong = refused.map(({ status }) => `${status}`);
      expect(told(wrong, counters)).toEqual([]);
      expect(new Set(answers.map(({ result }) => result)).size).toBe(ROUNDS);
      expect(new Set(answers.map(({ pid }) => pid)).size).toBe(WORKERS);
      expect(await look(1, cookie)).toEqual({ principal: 'ada', fields: { count: ROUNDS } });
    }, 120_000);
  });
}
