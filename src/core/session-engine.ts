import type { Clock } from './clock.js';
import { draftOf, type FieldAccess } from './field-object.js';
import type { Held } from './held.js';
import { InFlight } from './in-flight.js';
import { isTouchDue, type Lifetime } from './lifetime.js';
import { tokenNoteOf } from './meta.js';
import { Renewals } from './renewals.js';
import { findSilentLoss } from './serialise.js';
import type { SessionBackend, SessionChange } from './session-backend.js';
import type { Emit, SessionEvent } from './session-event.js';

/** What an engine is made of. */
export interface SessionEngineOptions {
  readonly backend: SessionBackend;
  readonly lifetime: Lifetime;
  readonly clock: Clock;
  readonly isLazy: boolean;
  readonly saveUninitialized: boolean;
  readonly emit: Emit;
  /** Tells who is logged in from the fields of a session that did not begin with `login()`. */
  readonly principalOf?: ((fields: Readonly<Record<string, unknown>>) => string | undefined) | undefined;
  /** Called with what went wrong, wherever it is thrown; the same error may come more than once. */
  readonly onError: (error: unknown) => void;
  /** Called once per field whose value JSON changes silently; absent in production. */
  readonly onSilentLoss?: (field: string, kind: string) => void;
}

/** What the sessions of all requests share, and what of theirs is still under way. */
export class SessionEngine {
  readonly backend: SessionBackend;
  readonly lifetime: Lifetime;
  readonly clock: Clock;
  readonly isLazy: boolean;
  readonly saveUninitialized: boolean;
  /** Which sessions get another token just now. */
  readonly renewals = new Renewals();
  readonly #inFlight = new InFlight();
  readonly #warned = new Set<string>();

  constructor(private readonly options: SessionEngineOptions) {
    this.backend = options.backend;
    this.lifetime = options.lifetime;
    this.clock = options.clock;
    this.isLazy = options.isLazy;
    this.saveUninitialized = options.saveUninitialized;
  }

  /** Whether the activity of a request that has this session is to be written down. */
  isActivityDue(held: Held, isUsed: boolean): boolean {
    const { record, seenAt } = held;
    const { idle, touchAfter } = this.lifetime;
    // A session with a shorter life of its own is touched as much more often.
    const after = touchAfter * Math.min(1, record.idle / idle);
    return (isUsed || !this.isLazy) && (isTouchDue(record, after, seenAt) || held.isFirstSeen);
  }

  /** Whether a session is to get another token with this request. */
  isRotationDue(held: Held, isUsed: boolean): boolean {
    const { renewAfter } = this.lifetime;
    const { id, record, seenAt } = held;
    return (
      renewAfter !== undefined &&
      (isUsed || !this.isLazy) &&
      seenAt - (tokenNoteOf(record.meta)?.since ?? record.createdAt) >= renewAfter &&
      !held.isOverruled &&
      !this.renewals.has(id)
    );
  }

  emit(event: SessionEvent): void {
    this.options.emit(event);
  }

  /** Whether the application tells by the fields who is logged in. */
  get hasTeller(): boolean {
    return this.options.principalOf !== undefined;
  }

  /** Who is logged in by what is in the fields; undefined when nobody is, or the application does not tell. */
  principalOf(fields: FieldAccess): string | undefined {
    return this.options.principalOf?.(draftOf(fields));
  }

  /** Reports an error on its way out. */
  report<E>(error: E): E {
    this.options.onError(error);
    return error;
  }

  /** In development: warns once about each field that does not come back as it was given. */
  inspect(fields: Pick<FieldAccess, 'has' | 'get'>, change: SessionChange): void {
    const { onSilentLoss } = this.options;
    if (onSilentLoss === undefined) {
      return;
    }
    for (const name of change.fields.keys()) {
      const loss = this.#warned.has(name) || !fields.has(name) ? undefined : findSilentLoss(fields.get(name));
      if (loss !== undefined) {
        this.#warned.add(name);
        onSilentLoss(name, loss);
      }
    }
  }

  /** Lets shutdown wait for work that no response waits for any more. */
  track(work: Promise<unknown>): void {
    this.#inFlight.add(work);
  }

  /** Resolves when nothing is under way. */
  idle(): Promise<void> {
    return this.#inFlight.idle();
  }
}
