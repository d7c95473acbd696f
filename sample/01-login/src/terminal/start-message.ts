import { relative } from 'node:path';
import type { AppConfig } from '../config/app-config.js';
import type { SecretOrigin } from '../config/session-secret.js';
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
