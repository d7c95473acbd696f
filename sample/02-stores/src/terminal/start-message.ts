import { DEMO_ACCOUNT } from '../login-sample.js';
import { STORE_NAMES, type StoreChoice } from '../sessions/store-choice.js';

/** Where a process takes requests. */
export interface Place {
  readonly port: number;
  readonly pid: number;
}

/** What to open and how to log in, for one process or for two. */
export function describeStart(store: StoreChoice, places: readonly Place[]): string {
  return [
    '',
    '  nest-sessions sample 02-stores',
    '',
    ...places.map(({ port, pid }) => `  Open       http://localhost:${port}   (process ${pid})`),
    `  Email      ${DEMO_ACCOUNT.email}`,
    `  Password   ${DEMO_ACCOUNT.password}`,
    '',
    `  Sessions   kept in ${store.title} (STORE=${store.name})`,
    `  Others     STORE=… ${STORE_NAMES}`,
    '',
    ...(places.length > 1 ? [...whatToTry(store, places), ''] : []),
    '  Stop with Ctrl+C',
    '',
  ].join('\n');
}

function whatToTry({ isCookie }: StoreChoice, places: readonly Place[]): string[] {
  const [first, second] = places.map(({ port }) => port);
  return [
    `  Try        Log in on ${first}, open ${second}: you are known there, and the counter goes on.`,
    `             End process ${places[0]?.pid} with kill -9: ${second} still knows you.`,
    isCookie
      ? `             Log out on ${second}, reload ${first}: they share the cookie, and it is gone.`
      : `             Log out on ${second}, reload ${first}: you are out there as well.`,
  ];
}
