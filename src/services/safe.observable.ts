import { Observable, type Operator, Subscriber, type Subscription } from 'rxjs';

/** Whatever rxjs takes as a subscriber. */
interface Subscribed<T> {
  readonly next?: ((value: T) => unknown) | null | undefined;
  readonly error?: ((error: unknown) => unknown) | null | undefined;
  readonly complete?: (() => unknown) | null | undefined;
}

/**
 * An Observable whose subscribers harm nobody. What a subscriber's function throws rxjs would throw again where nothing but the
 * process catches it, and nobody would handle what it rejects with: both end the process. Here both are told to `onFailure`,
 * behind `pipe()` too, and so is what an operator's own function throws. What `merge()`, `combineLatest()`, `concat()`, `race()` and
 * `zip()` make of it is a plain Observable, for which none of this holds.
 */
export class SafeObservable<T> extends Observable<T> {
  readonly #onFailure: (error: unknown) => void;

  constructor(
    onFailure: (error: unknown) => void,
    subscribe?: ConstructorParameters<typeof Observable<T>>[0],
  ) {
    super(subscribe);
    this.#onFailure = onFailure;
  }

  override lift<R>(operator?: Operator<T, R>): Observable<R> {
    const lifted = new SafeObservable<R>(this.#onFailure);
    lifted.source = this;
    lifted.operator = operator;
    return lifted;
  }

  override subscribe(
    given?: Subscribed<T> | ((value: T) => unknown) | null,
    error?: ((error: unknown) => unknown) | null,
    complete?: (() => unknown) | null,
  ): Subscription {
    // An operator's own: the subscriber behind it is looked after where it subscribes.
    if (given instanceof Subscriber) {
      return super.subscribe(given);
    }
    const to: Subscribed<T> =
      typeof given === 'object' && given !== null ? given : { next: given, error, complete };
    return super.subscribe({
      next: (value) => this.#guard(() => to.next?.(value)),
      error: (cause: unknown) => this.#guard(() => (to.error ? to.error(cause) : this.#onFailure(cause))),
      complete: () => this.#guard(() => to.complete?.()),
    });
  }

  #guard(run: () => unknown): void {
    try {
      Promise.resolve(run()).catch(this.#onFailure);
    } catch (error) {
      this.#onFailure(error);
    }
  }
}
