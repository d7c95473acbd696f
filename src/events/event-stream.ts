import type { SessionEvent } from '../core/session-event.js';

/** Is told of each event. What it throws, or rejects with, is told to the log and to nobody else. */
export type EventListener = (event: SessionEvent) => unknown;

/**
 * Tells whoever listens what happens to sessions, in the process that caused it. A listener can neither hold up nor break what
 * it is told of.
 */
export class EventStream {
  readonly #listeners = new Set<EventListener>();

  /** @param onFailure is told what a listener threw */
  constructor(private readonly onFailure: (error: unknown) => void) {}

  /** Tells an event to all. */
  readonly emit = (event: SessionEvent): void => {
    for (const listener of this.#listeners) {
      this.#tell(listener, Object.freeze(event));
    }
  };

  /** Listens from now on; answers what stops it. */
  listen(listener: EventListener): () => void {
    // Its own function, so that one that listens twice is told twice, and stops once.
    const told: EventListener = (event) => listener(event);
    this.#listeners.add(told);
    return () => void this.#listeners.delete(told);
  }

  #tell(listener: EventListener, event: SessionEvent): void {
    try {
      const answer = listener(event);
      if (answer instanceof Promise) {
        answer.catch(this.onFailure);
      }
    } catch (error) {
      this.onFailure(error);
    }
  }
}
