import { inspect } from 'node:util';
import { SessionOptionsError } from 'nest-sessions';
import { StartError } from '../config/start-error.js';

/** What went wrong, and how to put it right where that is known. */
export function describeStartFailure(error: unknown): string {
  if (error instanceof StartError || error instanceof SessionOptionsError) return error.message;
  if (isListenError(error, 'EADDRINUSE')) {
    return `Port ${error.port} is taken by another program. Stop it, or choose another one with PORT.`;
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
