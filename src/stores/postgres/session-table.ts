import type { SessionId, SessionRecord, Version } from '../../core/record.js';
import type { Forgotten } from '../../core/reporting-store.js';
import type { Replaced } from '../../core/session-store.js';
import { decodeForgotten, decodeRow, recordValues, type Row } from './record.codec.js';
import type { StatementRunner } from './statement-runner.js';
import type { Statement, Statements } from './statements.js';
import { STANDBY } from './table-setup.js';

/** How often an id may be left by another one between two looks at it. */
const MAX_ATTEMPTS = 10;

/** The operations of the contract as statements on the table. */
export class SessionTable {
  constructor(
    private readonly runner: StatementRunner,
    private readonly statements: Statements,
  ) {}

  async read(id: SessionId): Promise<SessionRecord | undefined> {
    const [row] = await this.#found(this.statements.read, id);
    return row && decodeRow(row);
  }

  async readMany(ids: readonly SessionId[]): Promise<(SessionRecord | undefined)[]> {
    if (ids.length === 0) {
      return [];
    }
    const rows = await this.#found(this.statements.readMany, [...new Set(ids)]);
    const byId = new Map(rows.map((row) => [row['id'], row]));
    return ids.map((id) => {
      const row = byId.get(id);
      return row && decodeRow(row);
    });
  }

  async create(id: SessionId, record: SessionRecord): Promise<boolean> {
    const values = [id, ...recordValues(record)];
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const [answer] = await this.runner.run(this.statements.create, values);
      if (answer?.['done'] === 'true') {
        return true;
      }
      const version = answer?.['version'] ?? (await this.#version(id));
      // None: whoever held the id has left it between the two looks.
      if (typeof version === 'string') {
        return version === String(record.version);
      }
    }
    throw new Error(
      'PostgresSessionStore can neither insert a row nor see the one that is in its way. Look for a row security policy ' +
        'on the table, and let the user see all rows.',
    );
  }

  /**
   * Nearly always nobody came in between, and the statement for that takes the server two thirds of the time that the other
   * one does.
   */
  async replace(id: SessionId, record: SessionRecord, expected: Version): Promise<Replaced> {
    const values = [id, expected, ...recordValues(record)];
    const swapped = await this.runner.run(this.statements.swap, values);
    if (swapped.length > 0) {
      return { done: true };
    }
    const [answer] = await this.runner.run(this.statements.replace, values);
    if (answer === undefined) {
      return { done: false };
    }
    return answer['done'] === 'true' ? { done: true } : { done: false, current: decodeRow(answer) };
  }

  async touch(id: SessionId, expected: Version, lastSeenAt: number, expiresAt: number): Promise<boolean> {
    const touched = await this.runner.run(this.statements.touch, [id, expected, lastSeenAt, expiresAt]);
    return touched.length > 0;
  }

  async remove(id: SessionId): Promise<SessionRecord | undefined> {
    const [removed] = await this.runner.run(this.statements.remove, [id]);
    return removed && decodeRow(removed);
  }

  /** Removes so many that had expired at `now`, and answers how many there were; those that expired first, if that is asked for. */
  async removeExpired(now: number, limit: number, firstGoesFirst: boolean): Promise<number> {
    const { sweepFirst, sweepAll } = this.statements;
    const [answer] = await this.runner.run(firstGoesFirst ? sweepFirst : sweepAll, [Math.floor(now), limit]);
    return Number(answer?.['removed'] ?? 0);
  }

  /** The same, answering what went, those rows included that are no records. */
  async forgetExpired(
    now: number,
    limit: number,
    firstGoesFirst: boolean,
  ): Promise<(Omit<Forgotten, 'why'> | undefined)[]> {
    const { forgetFirst, forgetAll } = this.statements;
    const rows = await this.runner.run(firstGoesFirst ? forgetFirst : forgetAll, [Math.floor(now), limit]);
    return rows.map(decodeForgotten);
  }

  async #found(statement: Statement, ids: SessionId | SessionId[]): Promise<Row[]> {
    const rows = await this.runner.run(statement, [ids]);
    if (rows[0]?.['standby'] === 'true') {
      throw new Error(STANDBY);
    }
    return rows.filter((row) => row['head'] !== null);
  }

  async #version(id: SessionId): Promise<unknown> {
    const [row] = await this.runner.run(this.statements.version, [id]);
    return row?.['version'];
  }
}
