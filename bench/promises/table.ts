import type { Case } from './cases.js';

interface Counted {
  readonly case: string;
  readonly library: string;
  readonly store: string;
  readonly broken: number;
  readonly rounds: number;
}

/** The outcomes as a table in Markdown: a row a case, a column a library on a store. */
export function tableOf(cases: readonly Case[], outcomes: readonly Counted[]): string {
  const columns = [...new Set(outcomes.map(columnOf))];
  const rows = cases.map(({ name, broken }) => {
    const cells = columns.map((column) => {
      const found = outcomes.find((outcome) => outcome.case === name && columnOf(outcome) === column);
      return found === undefined ? '' : `${found.broken} of ${found.rounds}`;
    });
    return [name, broken, ...cells];
  });
  const head = ['what happens', 'broken is', ...columns];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function columnOf({ library, store }: Counted): string {
  return `${library}, ${store}`;
}
