import { describe, expect, it } from 'vitest';
import { ExpiryHeap, type Expiring } from './expiry-heap.js';

/** A member that counts how often its time was looked at. */
class Counted implements Expiring {
  static looks = 0;
  slot = 0;

  constructor(private time: number) {}

  get expiresAt(): number {
    Counted.looks++;
    return this.time;
  }

  set expiresAt(time: number) {
    this.time = time;
  }
}

function drain(heap: ExpiryHeap<Counted>): number[] {
  const times: number[] = [];
  for (let first = heap.first(); first !== undefined; first = heap.first()) {
    times.push(first.expiresAt);
    heap.delete(first);
  }
  return times;
}

/** The same pseudo-random numbers in every run. */
function sequence(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31);
}

describe('ExpiryHeap', () => {
  it('keeps its order through additions, moves and deletions', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const random = sequence(seed);
      const heap = new ExpiryHeap<Counted>();
      const members: Counted[] = [];
      for (let step = 0; step < 200; step++) {
        const index = random() % Math.max(1, members.length);
        const member = members[index];
        if (member === undefined || step % 3 === 0) {
          const added = new Counted(random() % 1_000);
          heap.add(added);
          members.push(added);
        } else if (step % 3 === 1) {
          member.expiresAt = random() % 1_000;
          heap.moved(member);
        } else {
          heap.delete(member);
          members.splice(index, 1);
        }
      }
      expect(drain(heap)).toEqual(members.map(({ expiresAt }) => expiresAt).sort((a, b) => a - b));
    }
  });

  it('looks at few members to remove few, however many it keeps', () => {
    const looksOf = (kept: number, expired: number): number => {
      const heap = new ExpiryHeap<Counted>();
      for (let index = 0; index < kept; index++) {
        heap.add(new Counted(index));
      }
      Counted.looks = 0;
      for (let first = heap.first(); first !== undefined && first.expiresAt < expired; first = heap.first()) {
        heap.delete(first);
      }
      return Counted.looks;
    };
    const few = looksOf(100_000, 10);
    expect(few).toBeLessThan(10 * 6 * Math.log2(100_000));
    expect(few).toBeLessThan(3 * looksOf(1_000, 10));
  });

  it('has nothing first when it is empty', () => {
    const heap = new ExpiryHeap<Counted>();
    expect(heap.first()).toBeUndefined();
    heap.add(new Counted(1));
    heap.clear();
    expect(heap.first()).toBeUndefined();
  });
});
