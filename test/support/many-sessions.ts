import { hash } from 'node:crypto';
import type { SessionId, SessionStore } from 'nest-sessions';
import { MOST_ENTRIES, parseEntries, textOf } from '../../src/core/index-entries.js';
import { drawHandle, drawIdentity, HASHED_TOKENS, systemRandom } from '../../src/core/token.js';

/** No more than a driver's pool takes. */
const AT_ONCE = 100;

/**
 * Gives somebody who has one session as many as they can have, as that many logins would, and answers their handles. It takes
 * one write each, where a login takes a few.
 */
export async function fillUp(store: SessionStore, principal: string): Promise<string[]> {
  const key = `principal-${hash('sha256', principal, 'base64url')}` as SessionId;
  const index = await store.read(key);
  const [entry] = parseEntries(index?.fields ?? '') ?? [];
  const record = entry && (await store.read(entry.id));
  if (index === undefined || entry === undefined || record === undefined) {
    throw new Error(`${principal} has no session to begin with.`);
  }
  const others = Array.from({ length: MOST_ENTRIES - 1 }, (_unused, n) => ({
    ...entry,
    id: drawIdentity(systemRandom, HASHED_TOKENS).id,
    handle: drawHandle(systemRandom),
    admittedAt: entry.admittedAt + n + 1,
  }));
  for (let start = 0; start < others.length; start += AT_ONCE) {
    const some = others.slice(start, start + AT_ONCE);
    await Promise.all(some.map(({ id, handle }) => store.create(id, { ...record, handle })));
  }
  const fields = textOf([entry, ...others]);
  const stored = await store.replace(
    key,
    { ...index, fields, version: systemRandom.version() },
    index.version,
  );
  if (!stored.done) {
    throw new Error('Somebody else has changed the index.');
  }
  return [entry, ...others].map(({ handle }) => handle);
}
