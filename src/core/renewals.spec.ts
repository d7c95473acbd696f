import { describe, expect, it } from 'vitest';
import type { SessionId } from './record.js';
import { Renewals } from './renewals.js';
import type { Rotated } from './session-backend.js';

const id = (name: string) => name as SessionId;
const done = { id: id('next') } as unknown as Rotated;

describe('the renewals of a process', () => {
  it('are one for each session at a time, and none once it was renewed', async () => {
    const renewals = new Renewals();
    let runs = 0;
    const renew = async () => {
      runs++;
      return done;
    };
    expect(await Promise.all([1, 2, 3].map(() => renewals.run(id('a'), renew)))).toEqual([
      done,
      'overtaken',
      'overtaken',
    ]);
    expect(await renewals.run(id('a'), renew)).toBe('overtaken');
    expect(await renewals.run(id('b'), renew)).toBe(done);
    expect(runs).toBe(2);
  });

  it('are tried again when they came to nothing', async () => {
    const renewals = new Renewals();
    const down = () => Promise.reject(new Error('down'));
    await expect(renewals.run(id('a'), down)).rejects.toThrow('down');
    expect(await renewals.run(id('a'), async () => 'gone')).toBe('gone');
    expect(renewals.has(id('a'))).toBe(false);
    expect(await renewals.run(id('a'), async () => done)).toBe(done);
    expect(renewals.has(id('a'))).toBe(true);
  });

  it('are not remembered without end', async () => {
    const renewals = new Renewals();
    for (let n = 0; n < 1_500; n++) {
      await renewals.run(id(`s${n}`), async () => done);
    }
    expect([renewals.has(id('s0')), renewals.has(id('s1499'))]).toEqual([false, true]);
  });
});
