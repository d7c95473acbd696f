import type { Clock } from './clock.js';
import type { Held } from './held.js';
import type { AdmissionLimit } from './index-entries.js';
import type { Lifetime } from './lifetime.js';
import type { PrincipalSessions } from './principal-sessions.js';
import type { Principal, SessionId } from './record.js';
import type {
  ChangeOf,
  PresentedToken,
  Rotated,
  SessionBackend,
  SessionChange,
  SessionDraft,
} from './session-backend.js';
import { drawHandle, type RandomSource, type SessionIdentity } from './token.js';

/** What it works with. */
export interface PrincipalBackendParts {
  readonly sessions: PrincipalSessions;
  readonly lifetime: Lifetime;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** How many sessions a principal may have; undefined for no limit of the application's own. */
  readonly limitOf: (principal: Principal) => AdmissionLimit | undefined;
}

/** Sessions that live in a store, of which it is known who has which: logins are admitted, and ended ones struck off. */
export class PrincipalBackend implements SessionBackend {
  readonly livesInToken = false;

  constructor(
    private readonly inner: SessionBackend,
    private readonly parts: PrincipalBackendParts,
  ) {}

  mint(): SessionIdentity {
    return this.inner.mint();
  }

  open(presented: PresentedToken): Promise<Held | undefined> {
    return this.inner.open(presented);
  }

  reopen(held: Held): Promise<Held | undefined> {
    return this.inner.reopen(held);
  }

  async create(identity: SessionIdentity, draft: SessionDraft): Promise<Held> {
    const { principal } = draft;
    if (principal === undefined) {
      return this.inner.create(identity, draft);
    }
    const { sessions, lifetime, clock, random, limitOf } = this.parts;
    const { handle = drawHandle(random), absolute = lifetime.absolute, replaces } = draft;
    const newcomer = {
      id: identity.id,
      handle,
      endsAt: clock.now() + absolute,
      ...(replaces === undefined ? {} : { replaces }),
    };
    return sessions.begin(principal, newcomer, limitOf(principal), () =>
      this.inner.create(identity, { ...draft, handle }),
    );
  }

  commit(held: Held, changeOf: ChangeOf): Promise<Held | undefined> {
    return this.inner.commit(held, changeOf);
  }

  touch(held: Held): Promise<Held | undefined> {
    return this.inner.touch(held);
  }

  rotate(held: Held, identity: SessionIdentity, change?: SessionChange): Promise<Rotated> {
    const { principal, handle, absoluteAt: endsAt } = held.record;
    const rotate = () => this.inner.rotate(held, identity, change);
    return principal === undefined
      ? rotate()
      : this.parts.sessions.rotate(principal, { id: identity.id, handle, endsAt }, idsOf(held), rotate);
  }

  async remove(held: Held): Promise<Held | undefined> {
    const { principal } = held.record;
    const removed = (await this.inner.remove(held)) ?? (await this.#removeByName(held));
    if (principal !== undefined && removed !== undefined) {
      this.parts.sessions.ended(principal, idsOf(removed));
    }
    return removed;
  }

  /** A session whose token was rotated so long ago that its forward is gone: nothing but its name leads to it. */
  async #removeByName(held: Held): Promise<Held | undefined> {
    const { principal, handle } = held.record;
    const found = principal === undefined ? undefined : await this.parts.sessions.find(principal, handle);
    return found && (await this.inner.remove(found.held))?.as(held);
  }
}

/** The ids that a session's record has had, as far as its holder knows. */
function idsOf({ id, holder }: Held): SessionId[] {
  return [id, ...holder.via.map((forward) => forward.id)];
}
