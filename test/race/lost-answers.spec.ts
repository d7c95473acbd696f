import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type HoldingProxy, startHoldingProxy } from '../support/worker-holding-proxy.js';
import { startProxy, type TcpProxy } from '../support/servers/tcp-proxy.js';
import { idOfCookie, type WorkerAnswer } from '../support/worker-client.js';
import { WorkerCluster, type WorkerStore } from '../support/worker-cluster.js';
import { inLanes } from '../support/worker-lanes.js';
import { SERVERS, type SharedStore } from '../support/worker-stores.js';

const SUITE = 'lost answers';
const LATE = ['set', 'save', 'update', 'touch'] as const;
const ENDINGS = ['logout', 'regenerate', 'login', 'destroy'] as const;

/** Two workers that give a store time, also on a busy machine: how long an answer takes is not what is tested. */
function startTwo(store: WorkerStore): Promise<WorkerCluster> {
  const worker = { store, options: { operationTimeout: 20_000 } };
  return WorkerCluster.start([worker, worker]);
}

const stores = await Promise.all(
  SERVERS.map(async ({ name, isThere, start }) => ({ name, start, isMissing: !(await isThere(SUITE)) })),
);

for (const { name, start, isMissing } of stores) {
  describe.skipIf(isMissing)(`${name} behind a connection that delays and loses`, () => {
    let shared: SharedStore;
    let losing: TcpProxy;
    let holding: HoldingProxy;
    /** Two workers whose store is behind both proxies, and two that reach it directly. */
    let far: WorkerCluster;
    let near: WorkerCluster;

    beforeAll(async () => {
      shared = await start();
      losing = await startProxy(shared.server!);
      holding = await startHoldingProxy(losing);
      const url = new URL(shared.server!.url);
      url.host = `${holding.host}:${holding.port}`;
      // One after another: the first is known, and stopped in the end, when the second does not start.
      far = await startTwo(shared.store(url.href));
      near = await startTwo(shared.store());
    });
    afterAll(async () => {
      holding?.release();
      losing?.pass();
      await Promise.all([far?.stop(), near?.stop()]);
      await holding?.stop();
      await losing?.stop();
      await shared?.stop();
    });

    async function login(data: object): Promise<string> {
      const { status, cookie } = await near.worker(0).ask('login', { data });
      expect([status, cookie]).toEqual([200, expect.stringMatching(/^sid=./)]);
      return cookie!;
    }

    /** The marks in a session. */
    async function marksOf(cookie: string): Promise<string[]> {
      const { result } = await near.worker(1).ask('look', {}, cookie);
      const { fields } = result as { fields: { marks?: string[] } };
      return fields.marks ?? [];
    }

    it('P1 a write that is delivered after the logout was acknowledged revives nothing', async () => {
      const ended: string[] = [];
      for (let n = 0; n < 64; n++) {
        const late = LATE[n % 4]!;
        const cookie = await login({ theme: 'dark' });
        const slow = await far.worker(n).begin(late, { field: 'theme', value: 'late' }, cookie);
        holding.hold();
        const answered = slow.finish();
        await holding.holds(idOfCookie(cookie));
        const { status } = await near.worker(n).ask(ENDINGS[Math.floor(n / 4) % 4]!, {}, cookie);
        expect(status).toBe(200);
        holding.release();
        ended.push(cookie);
        const answer = await answered;
        expect([answer.status, answer.cookie]).toEqual([late === 'update' ? 409 : 200, undefined]);
        const { result } = await far.worker(n + 1).ask('look', {}, cookie);
        expect(result).toEqual({ fields: {} });
      }
      const { result } = await near.worker(0).ask('stored', {}, '', JSON.stringify(ended.map(idOfCookie)));
      expect(result).toEqual([]);
    }, 120_000);

    it('P2 a change whose answer was lost is counted once, although others changed the session since', async () => {
      const cookies: string[] = [];
      for (let n = 0; n < 20; n++) {
        const cookie = await login({});
        cookies.push(cookie);
        const slow = await far.worker(n).begin('mark', { mark: 'far' }, cookie);
        const before = losing.spoilt;
        losing.dropAnswers(1);
        holding.hold('new');
        const answered = slow.finish();
        await vi.waitFor(() => expect(losing.spoilt).toBe(before + 1), { timeout: 20_000, interval: 1 });
        // Now it is stored, and unheard. Whoever sends it again does so after this.
        expect((await near.worker(n).ask('mark', { mark: 'near' }, cookie)).status).toBe(200);
        holding.release();
        const { status } = await answered;
        expect([200, 503]).toContain(status);
        expect(await marksOf(cookie)).toEqual(['far', 'near']);
      }
      // Nothing has been sent again since.
      for (const cookie of cookies) {
        expect(await marksOf(cookie)).toEqual(['far', 'near']);
      }
    }, 120_000);

    it('P2 of many parallel changes each is counted once, whatever answers are lost', async () => {
      const cookie = await login({ marks: [] });
      const answers = new Map<string, WorkerAnswer>();
      const isFar = (n: number) => n % 4 < 2;
      const before = losing.spoilt;
      const wrong = await inLanes(400, 8, async (n) => {
        if (n % 10 === 9) {
          losing.dropAnswers(1);
        }
        const worker = isFar(n) ? far.worker(n) : near.worker(n);
        answers.set(`m${n}`, await worker.ask('mark', { mark: `m${n}` }, cookie));
      });
      losing.pass();
      expect(wrong).toEqual([]);
      expect(losing.spoilt - before).toBeGreaterThan(10);
      const marks = await marksOf(cookie);
      const statuses = new Set([...answers.values()].map(({ status }) => status));
      expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]);
      const acknowledged = [...answers].filter(([, { status }]) => status === 200).map(([mark]) => mark);
      expect(acknowledged.length).toBeGreaterThan(200);
      const nearMarks = Array.from({ length: 400 }, (_unused, n) => n)
        .filter((n) => !isFar(n))
        .map((n) => `m${n}`);
      expect(nearMarks.filter((mark) => !acknowledged.includes(mark))).toEqual([]);
      expect(acknowledged.filter((mark) => !marks.includes(mark))).toEqual([]);
      expect(marks.filter((mark, index) => marks.indexOf(mark) !== index)).toEqual([]);
    }, 120_000);
  });
}
