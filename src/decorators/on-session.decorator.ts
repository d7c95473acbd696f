import { SetMetadata } from '@nestjs/common';
import type { SessionEventOf, SessionEventType } from '../core/session-event.js';
import { SessionOptionsError } from '../options/session-options.error.js';
import { listenedTypes, ON_SESSION } from '../services/on-session.metadata.js';

/** What a method must be to be told of events of a type: it takes the event, or nothing. */
type Fitting<Method, Type extends SessionEventType> = Method extends (event: infer Seen) => unknown
  ? [SessionEventOf<Type>] extends [Seen]
    ? unknown
    : { readonly 'its parameter does not fit the event': SessionEventOf<Type> }
  : never;

/**
 * A decorator for a method that is told of events.
 *
 * @publicApi
 */
export type OnSessionDecorator<Type extends SessionEventType> = <Method extends (event: never) => unknown>(
  target: object,
  name: string,
  descriptor: TypedPropertyDescriptor<Method> & Fitting<Method, Type>,
) => void;

/**
 * Tells a method of a provider or controller what happens to sessions in this process: events of one type, of several, or
 * all. It is called once for each event, in the order in which they happened, right after the code that caused it has gone on;
 * what it throws or rejects with is a line in the log and harms nobody.
 *
 * It belongs to no request: `SessionService` has no session in it. The provider must be a singleton; one that is request-scoped or
 * transient stops the application from starting.
 *
 * @example
 * \@OnSession('ended')
 * async write({ principal, handle, reason }: SessionEnded) {
 *   await this.audit.write({ principal, handle, reason });
 * }
 *
 * @publicApi
 */
export function OnSession<Type extends SessionEventType = SessionEventType>(
  ...types: Type[]
): OnSessionDecorator<Type> {
  return (target, name, descriptor) => {
    if (typeof target === 'function') {
      throw new SessionOptionsError({
        option: '@OnSession()',
        problem: `${target.name}.${name} is static, and only the methods of providers are told of events`,
        fix: 'Put it on a method of a provider or controller.',
      });
    }
    const others = listenedTypes(descriptor.value);
    // Written twice on one method it means both, and all where one of them says so.
    const joined =
      others === undefined ? types : others.length * types.length === 0 ? [] : [...others, ...types];
    SetMetadata(ON_SESSION, joined)(target, name, descriptor);
  };
}
