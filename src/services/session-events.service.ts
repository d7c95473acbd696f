import { Inject, Injectable } from '@nestjs/common';
import type { Observable } from 'rxjs';
import type { SessionEvent, SessionEventOf, SessionEventType } from '../core/session-event.js';
import { SessionHttp } from '../http/session-http.js';
import { SafeObservable } from './safe.observable.js';

/** What the log calls a subscriber: it has no name of its own. */
const NAME = 'A subscriber of SessionEvents';

/**
 * What happens to sessions in this process, as Observables. For a method that is told, {@link OnSession} is shorter.
 *
 * Each event comes once, in the process that caused it, in the order in which it happened, right after the code that caused it
 * has gone on. It belongs to no request: `SessionService` has no session in a subscriber. What a subscriber throws or rejects
 * with is a line in the log, and the other subscribers and the request are not harmed by it. That holds for `events$`, `on()` and
 * what their `pipe()` makes; for what `merge()` and the like make of them rxjs itself reports the throw, which ends the process:
 * use `on('login', 'ended')` in place of `merge()`.
 *
 * @example
 * constructor(events: SessionEvents) {
 *   events.on('ended').subscribe(({ principal, reason }) => this.audit.write(principal, reason));
 * }
 *
 * @publicApi
 */
@Injectable()
export class SessionEvents {
  /** All events. It is hot: who subscribes hears of what happens from then on. Completes when the application has shut down. */
  readonly events$: Observable<SessionEvent>;

  constructor(@Inject(SessionHttp) private readonly http: SessionHttp) {
    this.events$ = this.on();
  }

  /**
   * The events of one type, of several, or all; otherwise as {@link SessionEvents.events$}.
   *
   * @example
   * events.on('login').subscribe(({ principal }) => …); // principal: string
   * events.on('ended', 'lost-write').pipe(filter(({ principal }) => principal !== undefined)).subscribe(…);
   */
  on<Type extends SessionEventType = SessionEventType>(...types: Type[]): Observable<SessionEventOf<Type>> {
    const onFailure = (error: unknown) => this.http.sayListenerFailure(NAME, error);
    return new SafeObservable<SessionEventOf<Type>>(onFailure, (subscriber) =>
      this.http.events.listen((event: SessionEventOf<Type>) => subscriber.next(event), {
        name: NAME,
        ended: () => subscriber.complete(),
        ...(types.length === 0 ? {} : { types }),
      }),
    );
  }
}
