import { createHash } from 'node:crypto';
import { FORGOTTEN_COLUMNS, HEAD_COLUMNS, RECORD_COLUMNS } from './record.codec.js';
import { HOUR } from './table-definition.js';

/** One statement of the store. */
export interface Statement {
  readonly text: string;
  /** The same text has the same name, in every process; another text never has. */
  readonly name: string;
}

/** The statements of a store, for its table. Each is atomic and one round trip. */
export type Statements = ReturnType<typeof statementsFor>;

/** Values before those of the record: the id. */
const AFTER_ID = 2;
/** Values before those of the record: the id and the expected version. */
const AFTER_EXPECTED = 3;

/** @param table the quoted name */
export function statementsFor(table: string) {
  return {
    /*
     * One row, whether there is a record or not: it also says if a standby answered, which may not know yet that a session
     * has ended.
     */
    read: statement(`
      SELECT s.standby::text, ${answerOf('r')}
      FROM (SELECT pg_is_in_recovery() AS standby) s LEFT JOIN ${table} r ON r.id = $1`),

    readMany: statement(`
      SELECT s.standby::text, r.id::text, ${answerOf('r')}
      FROM (SELECT pg_is_in_recovery() AS standby) s LEFT JOIN ${table} r ON r.id = ANY ($1::text[])`),

    /** `done`, or the version that is there, or neither: then it is too new for this statement to see. */
    create: statement(`
      WITH inserted AS (
        INSERT INTO ${table} (id, ${RECORD_COLUMNS.join(', ')}) VALUES ($1, ${placeholders(AFTER_ID)})
        ON CONFLICT (id) DO NOTHING RETURNING 1
      )
      SELECT EXISTS (SELECT FROM inserted)::text AS done, (${versionOf(table)}) AS version`),

    /** What a new statement sees of an id that was taken. */
    version: statement(versionOf(table)),

    /** A row when the stored version was the expected one. */
    swap: statement(`
      UPDATE ${table} SET ${assignments()} WHERE id = $1 AND version = $2 RETURNING 1`),

    /*
     * The same, and what is there when it was another. The row is locked before its version is compared, so that what comes
     * back is what is there: a statement that waited for another writer's lock goes on with what that one wrote. Looking
     * for the winner beside a plain UPDATE would answer from before the wait. No row: the record is gone.
     */
    replace: statement(`
      WITH found AS MATERIALIZED (
        SELECT * FROM ${table} WHERE id = $1 FOR UPDATE
      ), replaced AS (
        UPDATE ${table} AS r SET ${assignments()} FROM found
        WHERE r.id = found.id AND found.version = $2 RETURNING 1
      ), answer AS (
        SELECT EXISTS (SELECT FROM replaced) OR found.version = $${AFTER_EXPECTED + RECORD_COLUMNS.indexOf('version')} AS done
        FROM found
      )
      SELECT answer.done::text, ${answerOf('f')} FROM answer LEFT JOIN found AS f ON NOT answer.done`),

    touch: statement(`
      UPDATE ${table} SET last_seen_at = $3, expires_at = $4
      WHERE id = $1 AND version = $2 AND last_seen_at <= $3 RETURNING 1`),

    remove: statement(`DELETE FROM ${table} AS r WHERE id = $1 RETURNING ${answerOf('r')}`),

    /** What expired first goes first: for a limit. It sorts all of the first hour that has something due. */
    sweepFirst: sweep(table, 'expires_hour, expires_at', COUNTED),
    /** In the order of the index: for all there is. */
    sweepAll: sweep(table, 'expires_hour', COUNTED),
    /** The same two, answering who went. */
    forgetFirst: sweep(table, 'expires_hour, expires_at', NAMED),
    forgetAll: sweep(table, 'expires_hour', NAMED),
  };
}

/** A row that somebody is just touching is left alone, and one that was touched meanwhile is looked at again. */
function sweep(table: string, order: string, answer: SweepAnswer): Statement {
  return statement(`
    WITH gone AS (
      DELETE FROM ${table} WHERE id = ANY (ARRAY(
        SELECT id FROM ${table} WHERE expires_hour <= $1::bigint / ${HOUR} AND expires_at <= $1::bigint
        ORDER BY ${order} LIMIT $2::bigint FOR UPDATE SKIP LOCKED
      )) RETURNING ${answer.returning}
    )
    SELECT ${answer.selected} FROM gone`);
}

/** What a sweep answers about the rows that went. */
interface SweepAnswer {
  readonly returning: string;
  readonly selected: string;
}

const COUNTED: SweepAnswer = { returning: '1', selected: 'count(*)::text AS removed' };

/** All but their content. */
const NAMED: SweepAnswer = {
  returning: ['id', ...FORGOTTEN_COLUMNS].map((column) => `${column}::text`).join(', '),
  selected: '*',
};

/** A statement under a name that no other text has. */
export function statement(text: string): Statement {
  return { text, name: `nest-sessions-${createHash('sha256').update(text).digest('hex').slice(0, 32)}` };
}

/** A row that somebody wrote by hand may have no version, and is there nevertheless. */
function versionOf(table: string): string {
  return `SELECT coalesce(version, -1)::text AS version FROM ${table} WHERE id = $1`;
}

/** What an answer has of a record; `head` is null where there is no row. */
function answerOf(alias: string): string {
  const head = HEAD_COLUMNS.map((column) => `${alias}.${column}${column === 'meta' ? '::text' : ''}`);
  return `CASE WHEN ${alias}.id IS NOT NULL THEN json_build_array(${head.join(', ')})::text END AS head, ${alias}.fields::text`;
}

function placeholders(first: number): string {
  return RECORD_COLUMNS.map((_, index) => `$${first + index}`).join(', ');
}

function assignments(): string {
  return RECORD_COLUMNS.map((column, index) => `${column} = $${AFTER_EXPECTED + index}`).join(', ');
}
