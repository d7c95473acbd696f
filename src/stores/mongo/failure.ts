/** What to tell instead of the server's words about these codes, which may quote the session. */
const REFUSALS = new Map<unknown, string>([
  [
    121,
    'MongoSessionStore could not store a session: the collection has a validator that refuses it. Remove the validator, ' +
      'or give the store a collection of its own.',
  ],
  [
    11_000,
    'MongoSessionStore could not store a session: the collection has a unique index of another program. Drop that index, ' +
      'or give the store a collection of its own.',
  ],
]);

/** The server's code of an error, if it has one. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/**
 * An error as it may be told: a new one with the name, the code and the message. The driver's has the server's whole answer
 * in it, more than once: the document that was deleted, what a validator refused, the key that was there twice.
 */
export function withoutContents(error: Error): Error {
  const code = codeOf(error);
  const cause = error.cause instanceof Error ? { cause: withoutContents(error.cause) } : {};
  const told = new Error(REFUSALS.get(code) ?? error.message, cause);
  Object.defineProperty(told, 'name', { value: error.name });
  return code === undefined ? told : Object.assign(told, { code });
}
