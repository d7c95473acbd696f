import { hash } from 'node:crypto';
import { unavailable } from './errors.js';
import { expiryOf } from './lifetime.js';
import { recordOf } from './record-of.js';
import {
  type Handle,
  type Principal,
  RECORD_FORMAT,
  type SessionId,
  type SessionRecord,
  type Version,
} from './record.js';

/** The layout of what is sealed. */
const LAYOUT = 1;

/** Nothing is compared and swapped in a cookie. */
export const NO_VERSION = 0 as Version;

/** What is sealed into a cookie. */
export interface Sealed {
  readonly id: SessionId;
  readonly record: SessionRecord;
}

/** The public name of a sealed session. It follows from the id, not the other way round, and takes no room in the cookie. */
export function handleOf(id: SessionId): Handle {
  return hash('sha256', `handle ${id}`, 'base64url').slice(0, 16) as Handle;
}

/**
 * A session as the text to seal: a line of what it is, a line of our own meta, and its fields. No lengths of the fields:
 * room is scarce, and such a small text is quickly parsed.
 */
export function formatSealed({ id, record }: Sealed): string {
  const { createdAt, lastSeenAt, idle, absoluteAt, principal, meta, fields } = record;
  const head = [
    LAYOUT,
    id,
    createdAt,
    lastSeenAt,
    idle,
    absoluteAt,
    ...(principal === undefined ? [] : [principal]),
  ];
  return `${JSON.stringify(head)}\n${meta === '{}' ? '' : meta}\n${fields}`;
}

/**
 * The session in a text that was sealed; undefined when there is none in it.
 *
 * @throws {SessionError} `session_unavailable` for a layout of a newer version: a rolling deploy logs nobody out
 */
export function parseSealed(text: string): Sealed | undefined {
  const headEnd = text.indexOf('\n');
  const metaEnd = text.indexOf('\n', headEnd + 1);
  const head = metaEnd === -1 ? undefined : parseList(text.slice(0, headEnd));
  if (head === undefined) {
    return undefined;
  }
  const [layout, id, createdAt, lastSeenAt, idle, absoluteAt, principal] = head;
  if (typeof layout === 'number' && layout > LAYOUT) {
    throw unavailable('open', `the sealed session has layout ${layout}, newer than this version understands`);
  }
  if (
    typeof id !== 'string' ||
    typeof createdAt !== 'number' ||
    typeof lastSeenAt !== 'number' ||
    typeof idle !== 'number' ||
    typeof absoluteAt !== 'number' ||
    !(principal === undefined || typeof principal === 'string')
  ) {
    return undefined;
  }
  const sessionId = id as SessionId;
  const meta = text.slice(headEnd + 1, metaEnd);
  return {
    id: sessionId,
    record: Object.freeze(
      recordOf(
        { fields: text.slice(metaEnd + 1), lengths: [] },
        {
          format: RECORD_FORMAT,
          version: NO_VERSION,
          createdAt,
          lastSeenAt,
          idle,
          absoluteAt,
          handle: handleOf(sessionId),
          meta: meta === '' ? '{}' : meta,
          principal: principal as Principal | undefined,
          next: undefined,
        },
        expiryOf({ lastSeenAt, idle, absoluteAt }),
      ),
    ),
  };
}

function parseList(text: string): unknown[] | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
