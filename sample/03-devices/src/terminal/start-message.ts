import { DEMO_ACCOUNT } from '../login-sample.js';
import { MAX_DEVICES } from '../devices/max-devices.js';

/** What to open, how to log in, and what to try. */
export function describeStart(port: number): string {
  return [
    '',
    '  nest-sessions sample 03-devices',
    '',
    `  Open       http://localhost:${port}`,
    `  Email      ${DEMO_ACCOUNT.email}`,
    `  Password   ${DEMO_ACCOUNT.password}`,
    '',
    '  Try        Log in with two browsers, or with a private window beside this one.',
    '             Log one out from the other: it is out at its next click.',
    `             Log in with one browser more than ${MAX_DEVICES}: the oldest login ends.`,
    '',
    '  Stop with Ctrl+C. Sessions that end are told here:',
    '',
  ].join('\n');
}
