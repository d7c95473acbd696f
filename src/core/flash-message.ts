import { SessionError } from './errors.js';
import type { RandomSource } from './token.js';
import { serialiseField } from './serialise.js';

/** What JSON can hold. */
export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };

/**
 * A message that is shown once. It is data as it was given, what a user typed included: whoever makes HTML of it escapes it.
 *
 * @publicApi
 */
export interface FlashMessage {
  readonly type: string;
  readonly message: JsonValue;
}

/** Options of `SessionService.flash()`. */
export interface FlashOptions {
  /**
   * The path of the page that the message is for, as browsers ask for it: percent-encoded, without a query. Other pages
   * leave it alone. @default whichever page asks first
   */
  readonly path?: string;
}

/** A message as a field of the session. */
interface StoredFlash extends FlashMessage {
  readonly path?: string;
}

/** A message with the name of its field. */
export type NamedFlash = readonly [name: string, flash: StoredFlash];

/** Which messages somebody asks for. */
export interface FlashQuery {
  /** All types when absent. */
  readonly type: string | undefined;
  /** The path of the page that asks. */
  readonly path: string;
}

/** What the names of the fields begin with that hold a message each. */
const PREFIX = 'flash:';

const LONGEST_TYPE = 64;

/** What a request's path can be: printable ASCII, all else percent-encoded (RFC 3986, 3.3). */
const PATH = /^\/(?:(?![?#])[!-~]){0,2047}$/;

/** What {@link drawFlashName} draws. */
const NAME = /^flash:[\w-]{16}$/;

/** Whether a field is a message. One of a name like it may be the application's own, which is left alone. */
export function isFlash(name: string | symbol, value: unknown): boolean {
  return isFlashName(name) && isStoredFlash(value);
}

function isFlashName(name: string | symbol): name is string {
  return typeof name === 'string' && NAME.test(name);
}

/** Draws a name: each message is a field of its own, so that those of parallel requests are all kept. */
export function drawFlashName(random: RandomSource): string {
  return PREFIX + random.bytes(12).toString('base64url');
}

/**
 * A message as it is stored: a copy, which nothing that happens to the original can change.
 *
 * @throws {SessionError} `session_invalid_flash`, or `session_not_serializable` for a message that is no JSON
 */
export function makeFlash(type: string, message: unknown, { path }: FlashOptions): StoredFlash {
  assertFlashType(type);
  if (path !== undefined && (typeof path !== 'string' || !PATH.test(path))) {
    throw new SessionError('session_invalid_flash', {
      what: 'The path of a flash message is none.',
      fix: "Give it as browsers ask for it: '/cart', percent-encoded, without a query.",
    });
  }
  const text = serialiseField(`${PREFIX}${type}`, message);
  if (text === undefined) {
    throw new SessionError('session_invalid_flash', {
      what: 'A flash message is undefined.',
      fix: 'Give a text, or any value that JSON can hold.',
    });
  }
  const copy: JsonValue = JSON.parse(text);
  return { type, message: copy, ...(path === undefined ? {} : { path }) };
}

/** @throws {SessionError} `session_invalid_flash` for what is no type of a message */
export function assertFlashType(type: unknown): asserts type is string {
  if (typeof type !== 'string' || type === '' || type.length > LONGEST_TYPE) {
    throw new SessionError('session_invalid_flash', {
      what: `The type of a flash message is not a text of 1 to ${LONGEST_TYPE} characters.`,
      fix: "Name it for what the page makes of it, such as 'info' or 'error'.",
    });
  }
}

/** The messages among some fields that somebody asks for, the oldest first. Other fields are not looked at. */
export function flashesIn(
  fields: Readonly<Record<string, unknown>>,
  { type, path }: FlashQuery,
): NamedFlash[] {
  return Reflect.ownKeys(fields)
    .filter(isFlashName)
    .map((name) => [name, fields[name]] as const)
    .filter(
      (named): named is NamedFlash =>
        isStoredFlash(named[1]) &&
        (type === undefined || named[1].type === type) &&
        (named[1].path === undefined || named[1].path === path),
    );
}

function isStoredFlash(value: unknown): value is StoredFlash {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    typeof value.type === 'string' &&
    'message' in value &&
    (!('path' in value) || typeof value.path === 'string')
  );
}
