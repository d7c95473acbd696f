import { describeClosing } from './contract/closing.js';
import { describeCreating } from './contract/creating.js';
import { describeData } from './contract/data.js';
import { describeHandles } from './contract/handles.js';
import { describeRaces } from './contract/races.js';
import { describeReading } from './contract/reading.js';
import { describeRemoving } from './contract/removing.js';
import { describeReplacing } from './contract/replacing.js';
import { describeReporting } from './contract/reporting.js';
import { describeSweeping } from './contract/sweeping.js';
import { describeTouching } from './contract/touching.js';
import type { SessionStore } from '../core/session-store.js';
import type {
  ContractContext,
  ContractRunner,
  ContractSubject,
  StoreContractOptions,
} from './contract/subject.js';

/**
 * The contract of {@link SessionStore} as tests: a store that passes keeps the promises that are built on it. It needs
 * `describe` and `it` from your test runner (vitest with `globals`, Jest, Mocha, `node:test` …) and declares its tests
 * at once; each runs on a fresh subject. The races are run many times, so give it the engine that production has, on
 * data of its own, and give the runner some time: on a server the longest tests take seconds.
 *
 * @param name What the tests are listed under.
 * @param factory Makes a store on empty data; called for every test.
 *
 * @throws Error when there is no test runner.
 *
 * @example
 * import { mkdtemp, rm } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { describe, it } from 'vitest';
 * import { LmdbSessionStore } from 'nest-sessions/lmdb';
 * import { storeContract } from 'nest-sessions/testing';
 *
 * storeContract(
 *   'LmdbSessionStore',
 *   async () => {
 *     const path = await mkdtemp(join(tmpdir(), 'sessions-'));
 *     const store = new LmdbSessionStore({ path });
 *     const handles = [store];
 *     return {
 *       store,
 *       async reopen() {
 *         const another = new LmdbSessionStore({ path });
 *         handles.push(another);
 *         return another;
 *       },
 *       async close() {
 *         await Promise.all(handles.map((handle) => handle.close()));
 *         await rm(path, { recursive: true });
 *       },
 *     };
 *   },
 *   { runner: { describe, it }, sweeps: true, reports: true, rejectsAfterClose: true },
 * );
 *
 * @publicApi
 */
export function storeContract(
  name: string,
  factory: () => Promise<ContractSubject>,
  options: StoreContractOptions = {},
): void {
  const runner = options.runner ?? globalRunner();
  const context: ContractContext = {
    runner,
    shared: options.shared ?? true,
    sweeps: options.sweeps ?? false,
    reports: options.reports ?? false,
    rejectsAfterClose: options.rejectsAfterClose ?? false,
    keepsText: options.keepsText ?? true,
    rounds: options.rounds ?? 200,
    second: (subject) => secondHandle(subject, context.shared),
    clause(clause, body) {
      runner.it(clause, async () => {
        const subject = await factory();
        try {
          await body(subject);
        } finally {
          await subject.close();
        }
      });
    },
  };
  runner.describe(`${name} keeps the store contract`, () => {
    describeReading(context);
    describeCreating(context);
    describeReplacing(context);
    describeTouching(context);
    describeRemoving(context);
    describeData(context);
    describeRaces(context);
    describeHandles(context);
    describeSweeping(context);
    describeReporting(context);
    describeClosing(context);
  });
}

async function secondHandle(subject: ContractSubject, shared: boolean): Promise<SessionStore> {
  if (!shared) {
    return subject.store;
  }
  if (subject.reopen === undefined) {
    throw new Error(
      'storeContract() got a subject without reopen(). Give it one, or pass { shared: false } if no other handle can ' +
        'share the data.',
    );
  }
  return subject.reopen();
}

function globalRunner(): ContractRunner {
  const { describe, it }: { describe?: unknown; it?: unknown } = Object(globalThis);
  if (isDeclaring(describe) && isDeclaring(it)) {
    return { describe, it };
  }
  throw new Error(
    'storeContract() found no test runner: there is no global describe() and it(). ' +
      'Pass yours as options.runner, for example { runner: { describe, it } }.',
  );
}

function isDeclaring(value: unknown): value is (name: string, body: () => unknown) => unknown {
  return typeof value === 'function';
}
