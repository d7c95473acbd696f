import { relative } from 'node:path';
import { inspect } from 'node:util';
import { SessionOptionsError } from 'nest-sessions';
import type { AppConfig } from '../config/app-config.js';
import type { SecretOrigin } from '../config/session-secret.js';
import { StartError } from '../config/start-error.js';
import { DEMO_ACCOUNT } from '../users/demo-account.js';

/** What to open and how to log in. */
export function describeStart(port: number, { dataDir, secretOrigin }: AppConfig): string {
  return [
    '',
    '  nest-sessions sample 01-login',
    '',
    `  Open       http://localhost:${port}`,
    `  Email      ${DEMO_ACCOUNT.email}`,
    `  Password   ${DEMO_ACCOUNT.password}`,
    '',
    `  Sessions   ${shorten(dataDir)} (they survive a restart)`,
    `  Secret     ${describeSecret(secretOrigin)}`,
    '',
    '  Stop with Ctrl+C',
    '',
  ].join('\n');
}

/** What went wrong, and how to put it right where that is known. */
export function describeStartFailure(error: unknown): string {
  if (error instanceof StartError || error instanceof SessionOptionsError) return error.message;
  if (isListenError(error, 'EADDRINUSE')) {
    return `Port ${error.port} is taken by another program. Stop it, or choose another port, such as PORT=3001.`;
  }
  if (isListenError(error, 'EACCES')) {
    return `Port ${error.port} is not open to this account. Choose one above 1023, such as PORT=3000.`;
  }
  return `The sample could not start.\n${inspect(error)}`;
}

function isListenError(error: unknown, code: string): error is Error & { port: number } {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === code &&
    'syscall' in error &&
    error.syscall === 'listen' &&
    'port' in error
  );
}

function describeSecret(origin: SecretOrigin): string {
  switch (origin.kind) {
    case 'environment':
      return 'taken from SESSION_SECRET';
    case 'made':
      return `made once and kept in ${shorten(origin.path)}; set SESSION_SECRET to give your own`;
    case 'kept':
      return `kept in ${shorten(origin.path)} from an earlier start; set SESSION_SECRET to give your own`;
  }
}

function shorten(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') ? path : fromHere;
}
