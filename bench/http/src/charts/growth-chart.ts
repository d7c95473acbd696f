import type { Report } from '../report/report.js';
import { sizeTitle } from '../works.js';
import { AXIS, INK, svgOf, titleOf } from './svg.js';

const LINES: readonly { readonly variant: string; readonly color: string; readonly dash: boolean }[] = [
  { variant: 'nest-sessions, memory', color: '#0969da', dash: false },
  { variant: 'express-session, MemoryStore', color: '#0969da', dash: true },
  { variant: 'nest-sessions, Redis', color: '#cf222e', dash: false },
  { variant: 'express-session, connect-redis', color: '#cf222e', dash: true },
  { variant: 'nest-sessions, PostgreSQL', color: '#8250df', dash: false },
  { variant: 'express-session, connect-pg-simple', color: '#8250df', dash: true },
  { variant: 'nest-sessions, MongoDB', color: '#1a7f37', dash: false },
  { variant: 'express-session, connect-mongo', color: '#1a7f37', dash: true },
];

/** How what a session adds grows with its size, where one field of it is read. */
export function growthChart({ rows }: Report): string {
  const read = rows.filter(({ work, misfit }) => work === 'read' && misfit === undefined);
  const sizes = [...new Set(read.map(({ bytes }) => bytes))].sort((a, b) => a - b);
  const most = Math.max(...read.map(({ clients }) => clients));
  const series = LINES.map(({ variant, color, dash }) => ({
    name: variant,
    type: 'line' as const,
    symbol: dash ? 'emptyCircle' : 'circle',
    symbolSize: 7,
    itemStyle: { color },
    lineStyle: { color, width: 2.5, type: dash ? ('dashed' as const) : ('solid' as const) },
    data: sizes.map((size) => {
      const added = read.find(
        (row) => row.variant === variant && row.bytes === size && row.clients === most,
      )?.added;
      return added !== undefined && added > 0 ? added : '-';
    }),
  }));
  return svgOf(
    {
      title: titleOf(
        'Reading one field: CPU that a session adds, by its size',
        'Solid: nest-sessions; dashed: express-session. Logarithmic. Less is better.',
      ),
      legend: {
        orient: 'vertical',
        right: 50,
        top: 'middle',
        itemWidth: 34,
        textStyle: { color: INK, fontSize: 12 },
      },
      grid: { left: 75, right: 330, top: 90, bottom: 65 },
      xAxis: {
        ...AXIS,
        type: 'category',
        name: 'fields of the session, as JSON',
        nameLocation: 'middle',
        nameGap: 34,
        data: sizes.map(sizeTitle),
      },
      yAxis: { ...AXIS, type: 'log', name: 'µs a request', nameLocation: 'middle', nameGap: 52 },
      series,
    },
    { width: 1020, height: 500 },
  );
}
