import type { Spread } from '../statistics.js';
import { sizeTitle, type Work, WORK_TITLES } from '../works.js';
import type { Row } from './rows.js';

/** What this package may cost, beside express-session on the same store in the same run. */
interface Budget {
  readonly figure: 'addedOfPeer' | 'perSecondOfPeer';
  readonly limit: number;
  readonly bytes: number;
  readonly work: Work;
  readonly stores: readonly string[];
}

const STORES = ['memory', 'Redis', 'MongoDB', 'PostgreSQL'];
const LAZY = ['memory, lazy', 'Redis, lazy'];

const BUDGETS: readonly Budget[] = [
  { figure: 'addedOfPeer', limit: 1 / 3, bytes: 1_000, work: 'read', stores: STORES },
  { figure: 'addedOfPeer', limit: 1 / 3, bytes: 1_000, work: 'write', stores: STORES },
  { figure: 'addedOfPeer', limit: 1 / 10, bytes: 1_000, work: 'unused', stores: LAZY },
  { figure: 'addedOfPeer', limit: 1 / 3, bytes: 1_000, work: 'unused', stores: STORES },
  { figure: 'addedOfPeer', limit: 1 / 5, bytes: 10_000, work: 'read', stores: STORES },
  { figure: 'perSecondOfPeer', limit: 1.4, bytes: 1_000, work: 'read', stores: ['Redis'] },
  { figure: 'perSecondOfPeer', limit: 2, bytes: 10_000, work: 'read', stores: ['Redis'] },
];

/** A budget on one store, and what was found. */
export interface Judged {
  readonly title: string;
  readonly variant: string;
  readonly limit: string;
  readonly found: Spread | undefined;
  readonly verdict: 'met' | 'missed' | 'too close to tell' | 'not measured';
}

/** Judges by the many clients; a lone one is no server's business. */
export function judge(rows: readonly Row[]): Judged[] {
  return BUDGETS.flatMap(({ figure, limit, bytes, work, stores }) =>
    stores.map((store) => {
      const variant = `nest-sessions, ${store}`;
      const among = rows.filter((row) => row.variant === variant && row.bytes === bytes && row.work === work);
      const found = among.sort((a, b) => b.clients - a.clients)[0]?.[figure];
      const isAtMost = figure === 'addedOfPeer';
      return {
        title: `${isAtMost ? 'CPU added' : 'requests a second'}: ${WORK_TITLES[work]}, ${sizeTitle(bytes)}`,
        variant,
        limit: isAtMost ? `≤ 1/${Math.round(1 / limit)}` : `≥ ${limit}`,
        found,
        verdict: verdictOf(found, limit, isAtMost),
      };
    }),
  );
}

function verdictOf(found: Spread | undefined, limit: number, isAtMost: boolean): Judged['verdict'] {
  if (found === undefined || !Number.isFinite(found.median)) {
    return 'not measured';
  }
  if (found.low < limit && limit < found.high) {
    return 'too close to tell';
  }
  return (isAtMost ? found.median <= limit : found.median >= limit) ? 'met' : 'missed';
}
