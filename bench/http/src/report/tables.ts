import type { Spread } from '../statistics.js';
import { sizeTitle, WORK_TITLES } from '../works.js';
import type { Judged } from './budgets.js';
import type { Report } from './report.js';
import type { Row } from './rows.js';

/** The whole report in Markdown. */
export function markdownOf(report: Report): string {
  const { rows, budgets } = report;
  const cells = [...new Set(rows.map(cellTitle))];
  return [
    '# Sessions over HTTP',
    'Written by `npm run bench`; [the README](../README.md#http) says how it is measured.',
    ...conditionsOf(report),
    '## Budgets',
    budgetsTable(budgets),
    ...cells.flatMap((title) => [`## ${title}`, cellTable(rows.filter((row) => cellTitle(row) === title))]),
    '## Memory',
    'The most that the process of each server took, in MB, with all works of a size behind it.',
    memoryTable(rows),
  ].join('\n\n');
}

function conditionsOf({ machine, settings, packages, servers }: Report): string[] {
  const { date, cpu, cores, kernel, node, isPinned, loadBefore } = machine;
  const pinned = isPinned ? 'the server alone on one of them' : 'nothing pinned';
  const versions = Object.entries({ ...packages, ...servers }).map(([name, version]) => `${name} ${version}`);
  return [
    `${date} UTC, ${cpu}, ${cores} cores, ${pinned}, ${kernel}, Node ${node}, load ${loadBefore.toFixed(1)} when it began.`,
    `${settings.rounds} rounds, slices of ${settings.sliceMs} ms after ${settings.warmUpMs} ms of warm-up.`,
    `${versions.join(', ')}.`,
  ];
}

function cellTitle({ work, bytes, clients, rounds }: Row): string {
  const many = clients === 1 ? 'one client' : `${clients} clients`;
  return `${WORK_TITLES[work]}, ${sizeTitle(bytes)}, ${many}, ${rounds} rounds`.replace(/^./, (first) =>
    first.toUpperCase(),
  );
}

function cellTable(rows: readonly Row[]): string {
  const unit = rows[0]?.work === 'login' ? 'pairs/s' : 'requests/s';
  const head = [
    'variant',
    'CPU µs',
    'middle half',
    'added µs',
    'of its peer',
    'middle half',
    unit,
    'of its peer',
  ];
  return tableOf(
    [...head, 'server busy'],
    rows.map((row) => {
      if (row.misfit !== undefined) {
        return [row.variant, row.misfit];
      }
      const { cpu, added, addedOfPeer, perSecond, perSecondOfPeer, serverBusy } = row;
      return [
        row.variant,
        cpu.median.toFixed(1),
        halfOf(cpu, 1),
        added === 0 ? '' : added.toFixed(1),
        addedOfPeer?.median.toFixed(2) ?? '',
        halfOf(addedOfPeer, 2),
        perSecond.median.toFixed(0),
        perSecondOfPeer === undefined ? '' : `${perSecondOfPeer.median.toFixed(2)}×`,
        `${(serverBusy * 100).toFixed(0)} %`,
      ];
    }),
  );
}

/** The budgets, and whether they are kept. */
export function budgetsTable(budgets: readonly Judged[]): string {
  return tableOf(
    ['budget', 'variant', 'limit', 'found', 'middle half', ''],
    budgets.map(({ title, variant, limit, found, verdict }) => {
      const figure = verdict === 'not measured' ? '' : (found?.median.toFixed(2) ?? '');
      return [title, variant, limit, figure, halfOf(found, 2), verdict];
    }),
  );
}

function memoryTable(rows: readonly Row[]): string {
  const sizes = [...new Set(rows.map(({ bytes }) => bytes))];
  const variants = [...new Set(rows.map(({ variant }) => variant))];
  return tableOf(
    ['variant', ...sizes.map(sizeTitle)],
    variants.map((variant) => [
      variant,
      ...sizes.map((size) => {
        const peaks = rows.filter((row) => row.variant === variant && row.bytes === size && row.verified > 0);
        return peaks.length === 0
          ? ''
          : (Math.max(...peaks.map(({ peakMemory }) => peakMemory)) / 1e6).toFixed(0);
      }),
    ]),
  );
}

function halfOf(spread: Spread | undefined, digits: number): string {
  return spread === undefined || !Number.isFinite(spread.low)
    ? ''
    : `${spread.low.toFixed(digits)}–${spread.high.toFixed(digits)}`;
}

/** Rows as a table in Markdown; what is missing at the end of a row is empty. */
export function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const full = rows.map((row) => head.map((_, n) => row[n] ?? ''));
  return [head, head.map(() => '---'), ...full].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
