import type { SessionEventType } from '../core/session-event.js';

/** The key of what {@link OnSession} notes about a method: the types that it listens to, none for all. */
export const ON_SESSION = 'nest-sessions:on-session';

/** The types that a method listens to; undefined when it does not. */
export function listenedTypes(method: unknown): readonly SessionEventType[] | undefined {
  const types: unknown = typeof method === 'function' ? Reflect.getMetadata(ON_SESSION, method) : undefined;
  return Array.isArray(types) ? types : undefined;
}
