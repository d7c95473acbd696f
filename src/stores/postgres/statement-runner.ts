import { setTimeout as delay } from 'node:timers/promises';
import { describeFailure, isConflict, isUnprepared } from './failure.js';
import type { PostgresPool } from './postgres-pool.js';
import type { Row } from './record.codec.js';
import type { Statement } from './statements.js';

/** How often a statement is tried that other transactions got in the way of. */
const MAX_ATTEMPTS = 50;

/** The longest pause before the next attempt, in milliseconds. */
const MAX_PAUSE = 50;

/**
 * Every column comes back as the server wrote it. `pg.types.setTypeParser()` is for the whole process: what the application
 * makes of a bigint or of JSON must not reach us.
 */
const AS_TEXT = { getTypeParser: () => (value: unknown) => String(value) };

/** Runs the statements of a store on its pool. */
export class StatementRunner {
  #prepares: boolean;

  /** @param prepare whether statements are prepared; undefined: as long as the server knows those that were */
  constructor(
    private readonly pool: PostgresPool,
    private readonly prepare: boolean | undefined,
  ) {
    this.#prepares = prepare ?? true;
  }

  /**
   * Answers the rows. Where the database, the role or the server asks for more than READ COMMITTED, the server refuses a
   * statement that met another one; it is run again then. So is one that a connection should know and does not, because
   * something between here and the server hands connections around; from then on nothing is prepared.
   *
   * @throws Error that says what the server said, and nothing of a session's contents.
   */
  async run({ text, name }: Statement, values: unknown[]): Promise<readonly Row[]> {
    for (let attempt = 1; ; attempt++) {
      const isPrepared = this.#prepares;
      try {
        const { rows } = await this.pool.query({
          text,
          values,
          types: AS_TEXT,
          ...(isPrepared ? { name } : {}),
        });
        return rows.filter(isRow);
      } catch (error) {
        if (isPrepared && this.prepare === undefined && isUnprepared(error)) {
          this.#prepares = false;
          continue;
        }
        if (!isConflict(error) || attempt === MAX_ATTEMPTS) {
          throw describeFailure(error);
        }
      }
      await delay(Math.random() * Math.min(2 ** attempt, MAX_PAUSE));
    }
  }

  /** Runs several statements without values in one transaction. The driver's own error tells what stood in the way. */
  async define(text: string): Promise<void> {
    await this.pool.query({ text });
  }
}

function isRow(row: unknown): row is Row {
  return typeof row === 'object' && row !== null;
}
