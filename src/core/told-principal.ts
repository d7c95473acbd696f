import { gone, loginRevoked, SessionError } from './errors.js';
import { type FieldTexts, NO_FIELDS } from './field-texts.js';
import { Fields } from './fields.js';
import type { Held } from './held.js';
import type { LiveSession } from './live-session.js';
import { parseMeta } from './meta.js';
import type { NewSession } from './active-session.types.js';
import { parsePrincipal } from './principal.js';
import type { SessionRecord } from './record.js';
import type { SessionDraft } from './session-backend.js';
import type { SessionEngine } from './session-engine.js';
import type { EndReason } from './session-event.js';

// Where the application tells by the fields who is logged in (`auth.principal`), a session is entered as theirs when somebody is
// put into it, and ends when they are taken out. A principal never changes under one id, so either is another session.

/** Tells who is logged in by the fields of a session. */
export type Teller = Pick<SessionEngine, 'hasTeller' | 'principalOf'>;

/** What brings such a session to its place. */
export interface TurnWriter {
  readonly isHeadSent: boolean;
  create(live: LiveSession): Promise<void>;
  remove(live: LiveSession, reason: EndReason): Promise<Held | undefined>;
  store(live: LiveSession, mustExist: boolean): Promise<void> | undefined;
  undo(live: LiveSession): void;
  tellBegun(live: LiveSession): void;
}

/** Who is logged in by a session: its record says so, or its fields where the application goes by those. */
export function whoIs(engine: SessionEngine, live: LiveSession): string | undefined {
  const { held } = live;
  return goesByFields(engine, held?.record) ? engine.principalOf(live) : held?.record.principal;
}

/** Whether somebody is in a new session by its fields, be it in a way that cannot be told. */
export function hasSomebody(engine: SessionEngine, live: LiveSession): boolean {
  try {
    return engine.principalOf(live) !== undefined;
  } catch {
    return true;
  }
}

/** What a session begins with that has somebody in it from the start. */
export function entryOf(
  engine: SessionEngine,
  live: LiveSession,
  defaults: NewSession | undefined,
): Pick<SessionDraft, 'principal' | 'meta' | 'idle'> | undefined {
  const told = engine.principalOf(live);
  if (told === undefined) {
    return undefined;
  }
  const principal = parsePrincipal(told);
  const device = defaults?.device;
  return {
    principal,
    meta: { authenticatedAt: engine.clock.now(), fromFields: true, ...(device && { device }) },
  };
}

/** Whether the pending changes of a session change who is logged in by it. */
export function isTurning(engine: SessionEngine, live: LiveSession): boolean {
  return turnOf(engine, live) !== undefined;
}

/**
 * Stores the pending changes of a session that change who is logged in by it; undefined where they do not. It answers false when
 * another request had ended the session.
 */
export function turn(
  engine: SessionEngine,
  writer: TurnWriter,
  live: LiveSession,
  mustExist: boolean,
): Promise<boolean> | undefined {
  switch (turnOf(engine, live)) {
    case 'enters':
      return enter(writer, live);
    case 'leaves':
      return leave(engine, writer, live, mustExist);
    default:
      return undefined;
  }
}

/** @throws {SessionError} `session_invalid_principal` when a change that keeps the token would change who is logged in */
export function assertSamePrincipal(
  teller: Teller,
  record: SessionRecord,
  before: FieldTexts,
  after: Fields,
): void {
  if (
    goesByFields(teller, record) &&
    teller.principalOf(Fields.ofTexts(before)) !== teller.principalOf(after)
  ) {
    throw new SessionError('session_invalid_principal', {
      what: 'update(), patch() or sessionStore.set() would change who is logged in, which gives a session another token.',
      fix: 'Log in and out by Passport, by login() and logout(), or by setting the field of req.session.',
    });
  }
}

/** Whether the fields of a session tell who is logged in by it: `login()` has the last word. */
function goesByFields({ hasTeller }: Teller, record: SessionRecord | undefined): boolean {
  return hasTeller && (record?.principal === undefined || parseMeta(record.meta).fromFields === true);
}

function turnOf(engine: SessionEngine, live: LiveSession): 'enters' | 'leaves' | undefined {
  const { held } = live;
  if (held === undefined || !goesByFields(engine, held.record)) {
    return undefined;
  }
  const told = engine.principalOf(live);
  const { principal } = held.record;
  if (told === undefined) {
    return principal === undefined ? undefined : 'leaves';
  }
  // Who was in it before the application told of them stays so, unlisted, until their next login.
  const before = principal ?? engine.principalOf(Fields.ofTexts(held.visible ?? NO_FIELDS));
  return told === before ? undefined : 'enters';
}

/** The session gets another token, as by a login, and the one before is dead. If a step fails nobody is logged in. */
async function enter(writer: TurnWriter, live: LiveSession): Promise<true> {
  const { held } = live;
  const own = [...live.change().fields.keys()];
  const fresh = live.successor(live.pick(live.names()));
  let removed: Held | undefined;
  try {
    await writer.create(fresh);
    removed = await writer.remove(live, 'replaced');
    if (removed === undefined && held?.record.principal !== undefined) {
      throw gone();
    }
    // Another request may have changed fields, or have ended the session, since they were read.
    fresh.replaceAll({ ...live.kept(namesOf(live, removed), removed), ...live.pick(own) });
    await writer.store(fresh, false);
    if (fresh.isGone) {
      throw loginRevoked();
    }
  } catch (error) {
    // Nobody was given the new token; if it cannot be removed it is rubbish that expires.
    writer.undo(fresh);
    live.forget(removed !== undefined);
    throw error;
  }
  live.become(fresh);
  writer.tellBegun(live);
  return true;
}

/**
 * The session ends. What else is in it becomes a new one, with the response and not by a save before: Passport saves at a
 * logout, and then throws the rest away.
 */
async function leave(
  engine: SessionEngine,
  writer: TurnWriter,
  live: LiveSession,
  mustExist: boolean,
): Promise<boolean> {
  const removed = await writer.remove(live, 'logout');
  if (removed === undefined) {
    return false;
  }
  // Once the response has begun there is no way to give the client another token.
  live.become(live.successor(writer.isHeadSent ? {} : live.kept(namesOf(live, removed), removed)));
  if (writer.isHeadSent) {
    live.ended = 'destroyed';
    return true;
  }
  if (!mustExist || engine.saveUninitialized) {
    await writer.store(live, mustExist);
  }
  return true;
}

function namesOf(live: LiveSession, removed: Held | undefined): string[] {
  return [...live.names(), ...(removed?.visible ?? NO_FIELDS).keys()];
}
