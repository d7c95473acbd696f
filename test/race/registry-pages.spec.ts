import { describe, expect, it, onTestFinished } from 'vitest';
import { everyStore } from '../support/every-store.js';
import { fillUp } from '../support/many-sessions.js';
import { withRegistry } from '../support/registry-app.js';

const MINUTE = 60_000;
const stores = await everyStore('pages of the sessions of a user');

for (const { name, isMissing, start } of stores) {
  describe.skipIf(isMissing)(`1000 sessions of a user on ${name}`, () => {
    it('come in pages without holes and doubles while sessions begin and end; one more ends the oldest', async () => {
      const started = await start();
      onTestFinished(() => started.stop());
      const { store } = started;
      const { device, knows, registry, clock } = await withRegistry({ store, maxPending: 100 });
      clock.set(Date.now());
      const first = await device();
      const handles = await fillUp(store, 'ada');
      expect(await registry.count('ada')).toBe(1_000);

      const newest = await device();
      expect(await registry.count('ada')).toBe(1_000);
      expect([await knows(first), await knows(newest)]).toEqual(['nobody', 'ada']);
      expect(await registry.get('ada', handles[0] ?? '')).toBeUndefined();

      const there = new Set((await registry.list('ada', { limit: 1e9 })).map(({ handle }) => handle));
      expect([...there].slice(0, -1)).toEqual(handles.slice(1));
      const seen: string[] = [];
      const unseen = new Set<string>();
      let after: string | undefined;
      for (;;) {
        const page = await registry.list('ada', { after, limit: 170 });
        seen.push(...page.map(({ handle }) => handle));
        const last = page.at(-1);
        if (last === undefined) break;
        after = last.cursor;
        // The one that the next page begins behind, one that was seen before, and the next but one, if they are there.
        const place = handles.indexOf(last.handle);
        const next = place < 0 ? '' : (handles[place + 2] ?? '');
        for (const gone of [last.handle, page[0]?.handle ?? '', next]) {
          if (await registry.revoke('ada', gone)) there.delete(gone);
        }
        if (next !== '') unseen.add(next);
        await device();
      }
      expect(new Set(seen).size).toBe(seen.length);
      const isStill = (handle: string) => there.has(handle);
      expect(seen.filter(isStill)).toEqual([...there]);
      expect(seen.filter((handle) => unseen.has(handle))).toEqual([]);
      expect(unseen.size).toBeGreaterThan(4);
      expect(await registry.revokeAll('ada')).toBeGreaterThan(900);
      expect(await registry.list('ada')).toEqual([]);
    }, 120_000);
  });
}

describe('a page', () => {
  it('P5 reads the records that it shows, and one more for where they are', async () => {
    const { device, registry, store } = await withRegistry();
    for (let n = 0; n < 20; n++) await device();
    const [third] = (await registry.list('ada')).slice(2);
    store.calls.length = 0;
    expect(await registry.list('ada', { limit: 5, after: third?.cursor })).toHaveLength(5);
    expect(store.calls).toEqual(Array.from({ length: 6 }, () => 'read'));
  });

  it('is full although sessions before its end have expired, and leaves nothing of them', async () => {
    const { device, registry, store, clock, knows } = await withRegistry({ idleTimeout: '30m' });
    const devices = [];
    for (let n = 0; n < 12; n++) devices.push(await device());
    clock.advance(20 * MINUTE);
    const busy = devices.filter((_device, n) => n % 3 === 2);
    for (const one of busy) await knows(one);
    clock.advance(20 * MINUTE);
    const page = await registry.list('ada', { limit: 2 });
    const rest = await registry.list('ada', { limit: 2, after: page.at(-1)?.cursor });
    expect([page.length, rest.length, new Set([...page, ...rest].map(({ handle }) => handle)).size]).toEqual([
      2, 2, 4,
    ]);
    expect(await registry.count('ada')).toBe(4);
    await expect.poll(() => store.records.filter(({ principal }) => principal === 'ada').length).toBe(4);
  });

  it('goes on behind a session by its handle alone while that is there', async () => {
    const { device, registry } = await withRegistry();
    for (let n = 0; n < 4; n++) await device();
    const all = await registry.list('ada');
    expect(await registry.list('ada', { after: all[1]?.handle })).toEqual(all.slice(2));
    await registry.revoke('ada', all[1]?.handle ?? '');
    // Not from the beginning again.
    expect(await registry.list('ada', { after: all[1]?.handle })).toEqual([]);
    expect(await registry.list('ada', { after: all[1]?.cursor })).toEqual(all.slice(2));
  });
});
