import type { LoginDetail } from './active-session.types.js';
import { loginRevoked } from './errors.js';
import type { Held } from './held.js';
import type { Lifetime } from './lifetime.js';
import { LiveSession } from './live-session.js';
import { lifetimeOfLogin } from './login-lifetime.js';
import type { Principal } from './record.js';
import type { SessionEngine } from './session-engine.js';
import type { SessionWriter } from './session-writer.js';

/** What a login works on. */
export interface LoginParts {
  readonly engine: SessionEngine;
  readonly writer: SessionWriter;
  /** The session before. */
  readonly old: LiveSession;
  /** Called when the login failed after the session before was ended: the request has none then. */
  readonly onLeft: () => void;
}

/**
 * A new session for somebody who just proved who they are; the one before is dead when this resolves. If a step fails nobody is
 * logged in.
 */
export async function beginLogin(
  { engine, writer, old, onLeft }: LoginParts,
  principal: Principal,
  { data = {}, keep = [], device, ...detail }: LoginDetail,
): Promise<LiveSession> {
  writer.assertCanBegin();
  const { lifetime = {}, usual = usualOf(engine, writer) } = detail;
  const { idle, absolute } = lifetimeOfLogin(lifetime, usual);
  const cookie = detail.cookieFor?.(idle);
  const fresh = LiveSession.fresh(engine);
  fresh.replaceAll({ ...old.pick(keep), ...data });
  await writer.create(fresh, {
    principal,
    meta: { authenticatedAt: engine.clock.now(), ...(device && { device }), ...(cookie && { cookie }) },
    idle,
    absolute,
    ...old.replacedBy(principal),
  });
  let removed: Held | undefined;
  try {
    removed = await writer.remove(old, 'replaced');
    // Kept fields may have changed, or ended with their session, since they were read.
    fresh.replaceAll({ ...old.kept(keep, removed), ...data });
    await writer.store(fresh, false);
    if (fresh.isGone) {
      throw loginRevoked();
    }
  } catch (error) {
    // Nobody was given the new token; if it cannot be removed it is rubbish that expires.
    writer.undo(fresh);
    if (removed !== undefined) {
      onLeft();
    }
    throw error;
  }
  writer.tellBegun(fresh);
  return fresh;
}

/** The configured limits; a cookie that is a function of the request may say how long its session lasts. */
function usualOf({ lifetime }: SessionEngine, { listener }: SessionWriter): Lifetime {
  return { ...lifetime, idle: listener?.begins().idle ?? lifetime.idle };
}
