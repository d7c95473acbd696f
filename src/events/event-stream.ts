import { setImmediate as nextTurn } from 'node:timers/promises';
import { type SessionEvent, type SessionEventOf, type SessionEventType } from '../core/session-event.js';

/** Is told of events. What it throws, or rejects with, is told to the log and to nobody else. */
export type EventListener<Type extends SessionEventType = SessionEventType> = (
  event: SessionEventOf<Type>,
) => unknown;

/** How somebody listens. */
export interface ListenOptions<Type extends SessionEventType> {
  /** What the log calls the listener. */
  readonly name: string;
  /** The types that it is told of. @default all */
  readonly types?: readonly Type[];
  /** Called when no more events come, because the application has ended. */
  readonly ended?: () => void;
}

/** What a stream of events works with. */
export interface EventStreamParts {
  /** Told what a listener threw or rejected with. */
  readonly onFailure: (listener: string, error: unknown) => void;
  /** Runs a listener where it belongs to no request. */
  readonly outside: (tell: () => void) => void;
}

/** Begins to produce events; answers what stops it. */
type Source = () => () => void;

interface Listening {
  readonly name: string;
  wants(type: SessionEventType): boolean;
  tell(event: SessionEvent): unknown;
  ended(): void;
}

/**
 * Tells whoever listens what happens to sessions, in the process that caused it, in the order in which it happened.
 *
 * Each event is told in a turn of its own, right after the one in which it happened: the code that caused it has gone on by
 * then, so that a listener can neither hold up nor break it, whatever it does. What nobody listens to costs nothing.
 */
export class EventStream {
  readonly #listening = new Set<Listening>();
  readonly #sources: { readonly type: SessionEventType; readonly start: Source; stop?: () => void }[] = [];
  /** Events that are not told yet. */
  #waiting = 0;
  /** Listeners that have not finished yet. */
  readonly #running = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(private readonly parts: EventStreamParts) {}

  /** Tells an event to all who listen by now. */
  readonly emit = (event: SessionEvent): void => {
    const told = [...this.#listening].filter((one) => one.wants(event.type));
    if (told.length === 0) {
      return;
    }
    Object.freeze(event);
    this.#waiting++;
    // One for each event: each keeps the asynchronous context of what caused it, for the application's own request ids.
    setImmediate(() => {
      this.#waiting--;
      for (const one of told) {
        if (this.#listening.has(one)) {
          this.parts.outside(() => this.#tell(one, event));
        }
      }
    });
  };

  /** Listens from now on; answers what stops it. After the end it ends at once. */
  listen<Type extends SessionEventType = SessionEventType>(
    listener: EventListener<Type>,
    { name, types, ended = () => undefined }: ListenOptions<Type>,
  ): () => void {
    const isWanted = (event: SessionEvent): event is SessionEventOf<Type> => isWantedType(types, event.type);
    const one: Listening = {
      name,
      ended,
      wants: (type) => isWantedType(types, type),
      tell: (event) => (isWanted(event) ? listener(event) : undefined),
    };
    if (this.#isClosed) {
      ended();
      return () => undefined;
    }
    this.#listening.add(one);
    this.#tend();
    return () => {
      this.#listening.delete(one);
      this.#tend();
    };
  }

  /** Lets events of a type be produced while somebody listens to it. */
  feed(type: SessionEventType, start: Source): void {
    this.#sources.push({ type, start });
    this.#tend();
  }

  /** Resolves when everything that has happened is told, and those who were told have finished. */
  async idle(): Promise<void> {
    while (this.#waiting > 0 || this.#running.size > 0) {
      await Promise.allSettled([nextTurn(), ...this.#running]);
    }
  }

  /** No more events come. */
  close(): void {
    if (this.#isClosed) {
      return;
    }
    this.#isClosed = true;
    const all = [...this.#listening];
    this.#listening.clear();
    this.#tend();
    all.forEach(({ ended }) => ended());
  }

  /** Starts the sources that somebody listens to, and stops the others. */
  #tend(): void {
    for (const source of this.#sources) {
      const isWanted = [...this.#listening].some((one) => one.wants(source.type));
      if (isWanted) {
        source.stop ??= source.start();
      } else {
        source.stop?.();
        delete source.stop;
      }
    }
  }

  #tell(one: Listening, event: SessionEvent): void {
    try {
      const answer = one.tell(event);
      if (isThenable(answer)) {
        const running = Promise.resolve(answer).catch((error: unknown) => this.#failed(one, error));
        this.#running.add(running);
        void running.then(() => this.#running.delete(running));
      }
    } catch (error) {
      this.#failed(one, error);
    }
  }

  #failed({ name }: Listening, error: unknown): void {
    this.parts.onFailure(name, error);
  }
}

function isWantedType(types: readonly SessionEventType[] | undefined, type: SessionEventType): boolean {
  return types === undefined || types.includes(type);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
