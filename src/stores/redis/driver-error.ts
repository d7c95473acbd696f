/**
 * What a driver rejected with, without what must not reach a log: ioredis keeps the arguments of the command with the error, so
 * the contents of a session and, with AUTH, the password; a server that does not know a command repeats its arguments.
 * For the same reason the driver's error is not kept as the cause.
 */
export function withoutContents(error: unknown): Error {
  const { name, code } = Object(error);
  const clean = new Error(`Redis: ${messageOf(error)}`);
  return Object.assign(
    clean,
    typeof name === 'string' && name !== 'Error' ? { name } : {},
    typeof code === 'string' ? { code } : {},
  );
}

/** The text of a driver's error, without the arguments of a command. */
export function messageOf(error: unknown): string {
  const { message, code, errors, lastNodeError }: Partial<Record<string, unknown>> = Object(error);
  const [first]: readonly unknown[] = Array.isArray(errors) ? errors : [];
  const text = typeof message === 'string' && message !== '' ? message : undefined;
  const own = (text ?? (first === undefined ? String(code ?? 'unknown error') : messageOf(first)))
    .replace(/, with args beginning with:[^]*$/, '')
    .trim();
  // ioredis tells in another error why none of a cluster's nodes answered.
  return lastNodeError instanceof Error ? `${own} ${messageOf(lastNodeError)}` : own;
}

/** Whether the server has not seen the script, or has forgotten it. */
export function isUnknownScript(error: unknown): boolean {
  return /^NOSCRIPT\b/.test(messageOf(error));
}

/** Whether the key holds something that is no hash. */
export function isWrongType(error: unknown): boolean {
  return /^WRONGTYPE\b/.test(messageOf(error));
}

/** Whether the server is a replica. Redis before 7 has the word in the middle, when it comes out of a script. */
export function isReadOnly(error: unknown): boolean {
  return /^(Redis: )?(ERR Error running script .*-)?READONLY\b/.test(messageOf(error));
}

/** Whether the server does not let this user ask this, or does not know it, as managed ones do. */
export function isNotAllowed(error: unknown): boolean {
  return /^(NOPERM\b|ERR unknown command)/.test(messageOf(error));
}
