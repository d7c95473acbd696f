import { SessionError, StoreSetupError } from 'nest-sessions';
import { StartError } from '../login-sample.js';
import type { StoreChoice } from '../sessions/store-choice.js';

/** In place of a start that failed for its store, an error that says which server to start; else the error itself. */
export function explainStoreFailure(error: unknown, { server }: StoreChoice): unknown {
  if (error instanceof StoreSetupError) return new StartError(error.message, { cause: error });
  if (!(error instanceof SessionError) || server === undefined) return error;
  return new StartError(
    `${server.name} cannot be used (${reason(error.cause)}). Start it, or say where it is with ${server.variable}; ` +
      'STORE=lmdb needs no server.',
    { cause: error },
  );
}

/** What the driver says, below what the store made of it. Some errors of connections have a code and no message. */
function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return 'it does not answer';
  if (cause.cause instanceof Error) return reason(cause.cause);
  const text = cause.message || ('code' in cause ? String(cause.code) : cause.name);
  return text.split('\n')[0] ?? text;
}
