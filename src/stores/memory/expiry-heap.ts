/** What an {@link ExpiryHeap} keeps in order. */
export interface Expiring {
  readonly expiresAt: number;
  /** Where the heap keeps it; only the heap writes this. */
  slot: number;
}

/**
 * Who expires next, exactly: a binary heap whose members know their place, so that a touch moves one member in O(log n)
 * and no member is ever looked at because another one expired.
 */
export class ExpiryHeap<Member extends Expiring> {
  readonly #members: Member[] = [];

  /** The member that expires first. */
  first(): Member | undefined {
    return this.#members[0];
  }

  add(member: Member): void {
    this.#place(member, this.#members.length);
    this.#rise(member);
  }

  delete(member: Member): void {
    const last = this.#members.pop();
    if (last === undefined || last === member) {
      return;
    }
    this.#place(last, member.slot);
    this.moved(last);
  }

  /** Call when a member's `expiresAt` has changed. */
  moved(member: Member): void {
    this.#rise(member);
    this.#sink(member);
  }

  clear(): void {
    this.#members.length = 0;
  }

  #place(member: Member, slot: number): void {
    this.#members[slot] = member;
    member.slot = slot;
  }

  #rise(member: Member): void {
    let parent = this.#members[(member.slot - 1) >> 1];
    while (parent !== undefined && member.expiresAt < parent.expiresAt) {
      this.#swap(member, parent);
      parent = this.#members[(member.slot - 1) >> 1];
    }
  }

  #sink(member: Member): void {
    let child = this.#earlierChild(member);
    while (child !== undefined && child.expiresAt < member.expiresAt) {
      this.#swap(member, child);
      child = this.#earlierChild(member);
    }
  }

  #earlierChild(member: Member): Member | undefined {
    const left = this.#members[2 * member.slot + 1];
    const right = this.#members[2 * member.slot + 2];
    if (left === undefined || right === undefined) {
      return left;
    }
    return right.expiresAt < left.expiresAt ? right : left;
  }

  #swap(one: Member, other: Member): void {
    const slot = one.slot;
    this.#place(one, other.slot);
    this.#place(other, slot);
  }
}
