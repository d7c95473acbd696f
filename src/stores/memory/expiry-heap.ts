/** What an {@link ExpiryHeap} keeps in order. */
export interface Placed {
  /** Where the heap keeps it; only the heap writes this. */
  slot: number;
}

/**
 * Who expires next, exactly: a binary heap whose members know their place, so that a touch moves one member in O(log n)
 * and no member is ever looked at because another one expired. The times are beside the members and not in them: to compare
 * two of a million takes no look at objects all over the heap.
 */
export class ExpiryHeap<Member extends Placed> {
  readonly #members: Member[] = [];
  readonly #times: number[] = [];

  /** The member that expires first. */
  first(): Member | undefined {
    return this.#members[0];
  }

  /** When a member expires. */
  timeOf(member: Member): number {
    return this.#timeAt(member.slot);
  }

  add(member: Member, time: number): void {
    this.#rise(member, time, this.#members.length);
  }

  delete(member: Member): void {
    const last = this.#members.pop();
    const time = this.#times.pop();
    if (last === undefined || time === undefined || last === member) {
      return;
    }
    this.#settle(last, time, member.slot);
  }

  /** Gives a member another time. */
  move(member: Member, time: number): void {
    this.#settle(member, time, member.slot);
  }

  /** Puts another member in the place of one, with a time of its own. */
  exchange(member: Member, next: Member, time: number): void {
    this.#settle(next, time, member.slot);
  }

  clear(): void {
    this.#members.length = 0;
    this.#times.length = 0;
  }

  /** Finds the place of a member, from a slot whose own member is somewhere else or is this one. */
  #settle(member: Member, time: number, slot: number): void {
    if (slot > 0 && time < this.#timeAt((slot - 1) >> 1)) {
      this.#rise(member, time, slot);
    } else {
      this.#sink(member, time, slot);
    }
  }

  #rise(member: Member, time: number, from: number): void {
    let slot = from;
    while (slot > 0) {
      const parent = (slot - 1) >> 1;
      if (!(time < this.#timeAt(parent))) {
        break;
      }
      this.#shift(parent, slot);
      slot = parent;
    }
    this.#place(member, time, slot);
  }

  #sink(member: Member, time: number, from: number): void {
    let slot = from;
    for (;;) {
      const child = this.#earlierChild(slot);
      if (!(this.#timeAt(child) < time)) {
        break;
      }
      this.#shift(child, slot);
      slot = child;
    }
    this.#place(member, time, slot);
  }

  #earlierChild(slot: number): number {
    const left = 2 * slot + 1;
    return this.#timeAt(left + 1) < this.#timeAt(left) ? left + 1 : left;
  }

  /** Never, for a slot that is not taken. */
  #timeAt(slot: number): number {
    return slot < this.#times.length ? (this.#times[slot] as number) : Number.POSITIVE_INFINITY;
  }

  #shift(from: number, to: number): void {
    const member = this.#members[from];
    if (member !== undefined) {
      this.#place(member, this.#timeAt(from), to);
    }
  }

  #place(member: Member, time: number, slot: number): void {
    this.#members[slot] = member;
    this.#times[slot] = time;
    member.slot = slot;
  }
}
