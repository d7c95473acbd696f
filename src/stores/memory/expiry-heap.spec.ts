import { describe, expect, it } from 'vitest';
import { ExpiryHeap, type Placed } from './expiry-heap.js';

/** A member that counts how often the heap looked where it is or put it somewhere. */
class Counted implements Placed {
  static looks = 0;
  #slot = 0;

  constructor(public time: number) {}

  get slot(): number {
    Counted.looks++;
    return this.#slot;
  }

  set slot(slot: number) {
    Counted.looks++;
    this.#slot = slot;
  }
}

function drain(heap: ExpiryHeap<Counted>): number[] {
  const times: number[] = [];
  for (let first = heap.first(); first !== undefined; first = heap.first()) {
    times.push(heap.timeOf(first));
    heap.delete(first);
  }
  return times;
}

/** The same pseudo-random numbers in every run (mulberry32). */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    const once = Math.imul(state ^ (state >>> 15), state | 1);
    const twice = once ^ (once + Math.imul(once ^ (once >>> 7), once | 61));
    return (twice ^ (twice >>> 14)) >>> 0;
  };
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
        if (member === undefined || step % 5 < 3) {
          const added = new Counted(random() % 1_000);
          heap.add(added, added.time);
          members.push(added);
        } else if (step % 10 === 8) {
          const next = new Counted(random() % 1_000);
          heap.exchange(member, next, next.time);
          members[index] = next;
        } else if (step % 5 === 3) {
          member.time = random() % 1_000;
          heap.move(member, member.time);
        } else {
          heap.delete(member);
          members.splice(index, 1);
        }
      }
      expect(members.map((member) => heap.timeOf(member))).toEqual(members.map(({ time }) => time));
      expect(drain(heap)).toEqual(members.map(({ time }) => time).sort((a, b) => a - b));
    }
  });

  it('looks at few members to remove few, however many it keeps', () => {
    const looksOf = (kept: number, expired: number): number => {
      const heap = new ExpiryHeap<Counted>();
      for (let index = 0; index < kept; index++) {
        heap.add(new Counted(index), index);
      }
      Counted.looks = 0;
      for (let first = heap.first(); first !== undefined && first.time < expired; first = heap.first()) {
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
    heap.add(new Counted(1), 1);
    heap.clear();
    expect(heap.first()).toBeUndefined();
  });
});
