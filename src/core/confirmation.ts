import type { ConfirmDetail } from './active-session.types.js';
import { gone, SessionError } from './errors.js';
import { assertFieldName } from './field-object.js';
import type { FieldChanges } from './field-texts.js';
import type { Held } from './held.js';
import type { LiveSession } from './live-session.js';
import { durationOf } from './login-lifetime.js';
import { serialiseField } from './serialise.js';
import type { SessionChange } from './session-backend.js';
import type { SessionEngine } from './session-engine.js';
import type { SessionWriter } from './session-writer.js';
import { isTurning } from './told-principal.js';

/** What a confirmation works on. */
export interface ConfirmationParts {
  readonly engine: SessionEngine;
  readonly writer: SessionWriter;
  readonly live: LiveSession;
}

/** Rotations that are tried where other requests are faster. */
const ROTATIONS = 20;

/**
 * Gives a session another token, and with it what its user has just proved; pending changes go along. If a step fails the token
 * that the client has is as good as it was, and nothing is elevated for it.
 */
export async function confirmUser(
  { engine, writer, live }: ConfirmationParts,
  { elevate = {}, for: span }: ConfirmDetail,
): Promise<void> {
  writer.assertCanBegin();
  if (isTurning(engine, live)) {
    // First as whose session it is from now on.
    await writer.store(live, false);
  }
  const { held } = live;
  if (held === undefined) {
    throw nobody();
  }
  if (live.isGone) {
    throw gone();
  }
  const now = engine.clock.now();
  const until = now + durationOf('for', span);
  const elevated = textsOf(elevate);
  const own = live.change();
  engine.inspect(live, own);
  engine.inspect(new Map(Object.entries(elevate)), { fields: elevated });
  const rotated = await rotate(engine, held, {
    ...own,
    fields: new Map([...own.fields, ...elevated]),
    meta: { ...own.meta, authenticatedAt: now, ...timesOf(elevated, until) },
  });
  if (rotated === undefined) {
    writer.lose(live);
    throw gone();
  }
  writer.renewed(live, rotated);
  live.settle(rotated, own);
  live.rebase(rotated, { fields: elevated });
}

/** What is to be stored of the elevated fields. */
function textsOf(elevate: Readonly<Record<string, unknown>>): FieldChanges {
  return new Map(
    Object.entries(elevate).map(([name, value]) => {
      assertFieldName(name);
      return [name, serialiseField(name, value)];
    }),
  );
}

function timesOf(elevated: FieldChanges, until: number): { readonly elevated?: Record<string, number> } {
  return elevated.size === 0
    ? {}
    : { elevated: Object.fromEntries([...elevated.keys()].map((name) => [name, until])) };
}

/** Where another request was faster its token is rotated in turn. Undefined when the session is gone. */
async function rotate(
  { backend }: SessionEngine,
  held: Held,
  change: SessionChange,
): Promise<Held | undefined> {
  let current: Held | undefined = held;
  for (let attempt = 0; current !== undefined; attempt++) {
    const rotated = await backend.rotate(current, backend.mint(), change);
    if (rotated !== 'overtaken') {
      return rotated === 'gone' ? undefined : rotated;
    }
    if (attempt === ROTATIONS) {
      throw overtaken();
    }
    current = await backend.reopen(current);
  }
  return undefined;
}

function nobody(): SessionError {
  return new SessionError('session_gone', {
    what: 'confirm() was called where there is no session.',
    fix: 'Guard the route with AuthGuard; who is not logged in has to log in.',
  });
}

function overtaken(): SessionError {
  return new SessionError('session_contention', {
    what: 'The confirmation kept losing to other requests that gave the session another token.',
    fix: 'Send the request again.',
  });
}
