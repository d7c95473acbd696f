import type { Report } from '../report/report.js';
import type { Row } from '../report/rows.js';
import { WORK_TITLES } from '../works.js';
import { AXIS, INK, svgOf, titleOf } from './svg.js';

const OURS = '#0969da';
const THEIRS = '#bc4c00';
const STORES = ['memory', 'Redis', 'MongoDB', 'PostgreSQL'];
const WORKS = ['read', 'write', 'unused'] as const;
const BYTES = 1_000;

/** CPU that a session of 1 KB adds to a request: each store and work, ours beside express-session. */
export function addedChart({ rows }: Report): string {
  const pairs = WORKS.flatMap((work) =>
    STORES.flatMap((store) => {
      const ours = rowAt(rows, `nest-sessions, ${store}`, work);
      const theirs = rowAt(rows, ours?.peer, work);
      return ours === undefined || theirs === undefined ? [] : [{ work, store, ours, theirs }];
    }),
  );
  const label = {
    show: true,
    position: 'right' as const,
    color: INK,
    fontSize: 11,
    formatter: ({ value }: { value?: unknown }) => `${Math.round(Number(value))}`,
  };
  return svgOf(
    {
      title: titleOf(
        'CPU that a session of 1 KB adds to a request',
        'Against the same Nest application without a session. Less is better.',
      ),
      legend: { top: 68, left: 20, itemGap: 40, textStyle: { color: INK, fontSize: 13 } },
      grid: { left: 40, right: 50, top: 105, bottom: 50, containLabel: true },
      xAxis: { ...AXIS, type: 'value', name: 'µs a request', nameLocation: 'middle', nameGap: 30 },
      yAxis: {
        ...AXIS,
        type: 'category',
        inverse: true,
        data: pairs.map(({ work, store }) => `${WORK_TITLES[work]}, ${store}`),
        splitLine: { show: false },
      },
      series: [
        barsOf(
          'nest-sessions',
          OURS,
          pairs.map(({ ours }) => ours),
        ),
        barsOf(
          'express-session',
          THEIRS,
          pairs.map(({ theirs }) => theirs),
        ),
      ],
    },
    { width: 860, height: 640 },
  );

  function barsOf(name: string, color: string, of: readonly Row[]) {
    // Where noise is larger than what was added, there is no bar rather than one to the left.
    const data = of.map(({ added }) => Math.max(0, added));
    return { name, type: 'bar' as const, itemStyle: { color }, data, label, barGap: '5%' };
  }
}

function rowAt(rows: readonly Row[], variant: string | undefined, work: Row['work']): Row | undefined {
  return rows
    .filter((row) => row.variant === variant && row.work === work && row.bytes === BYTES)
    .sort((a, b) => b.clients - a.clients)[0];
}
