import { SessionError } from './errors.js';
import type { Fields } from './fields.js';

/** Names that mean something on a session object and therefore cannot be fields. */
const RESERVED: ReadonlySet<string> = new Set([
  'cookie',
  'id',
  'req',
  'save',
  'reload',
  'touch',
  'resetMaxAge',
  'regenerate',
  'destroy',
]);

/** Whether a name is taken by the session object itself. */
export function isReservedName(name: string): boolean {
  return RESERVED.has(name);
}

/** @throws {SessionError} `session_reserved_field` */
export function assertFieldName(name: string): void {
  if (isReservedName(name)) {
    throw reservedName(name);
  }
}

/** What a field of a reserved name is answered with. */
export function reservedName(name: string): SessionError {
  return new SessionError('session_reserved_field', {
    what: `"${name}" is a member of the session object and cannot be a field.`,
    fix: 'Choose another name for the field.',
  });
}

/** What an object that shows fields needs of the fields behind it. */
export type FieldAccess = Pick<Fields, 'get' | 'has' | 'names' | 'set' | 'delete'>;

/** Descriptor of a field on an object that behaves like a plain one. */
export function fieldDescriptor(fields: FieldAccess, name: string): PropertyDescriptor | undefined {
  return fields.has(name)
    ? { value: fields.get(name), writable: true, enumerable: true, configurable: true }
    : undefined;
}

/** Whether a property would be computed. A field is data. */
export function isAccessor({ get, set }: PropertyDescriptor): boolean {
  return get !== undefined || set !== undefined;
}

/** Runs what may throw a SessionError, and may put another error in its place. */
export type ErrorBoundary = <T>(run: () => T) => T;

const UNBOUNDED: ErrorBoundary = (run) => run();

/** Fields as a plain object for as long as somebody needs them: what `update()` hands out. */
export function draftOf(fields: FieldAccess, within: ErrorBoundary = UNBOUNDED): Record<string, unknown> {
  const setField = (name: string, value: unknown): boolean => {
    within(() => {
      assertFieldName(name);
      fields.set(name, value);
    });
    return true;
  };
  return new Proxy<Record<string, unknown>>(Object.create(null), {
    get: (_target, key) => (typeof key === 'string' ? fields.get(key) : undefined),
    has: (_target, key) => typeof key === 'string' && fields.has(key),
    set: (_target, key, value) => typeof key === 'string' && setField(key, value),
    deleteProperty(_target, key) {
      if (typeof key === 'string') {
        within(() => fields.delete(key));
      }
      return true;
    },
    ownKeys: () => fields.names(),
    getOwnPropertyDescriptor: (_target, key) =>
      typeof key === 'string' ? fieldDescriptor(fields, key) : undefined,
    defineProperty: (_target, key, descriptor) =>
      typeof key === 'string' && !isAccessor(descriptor) && setField(key, descriptor.value),
  });
}
