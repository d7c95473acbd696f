import { init, type EChartsOption } from 'echarts';

/** Its own ground, so that it reads the same on a light page and on a dark one. */
const PAPER = '#ffffff';
export const INK = '#24292f';
export const GRID = '#d8dee4';

/** Draws a chart without a browser. */
export function svgOf(
  option: EChartsOption,
  size: { readonly width: number; readonly height: number },
): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, ...size });
  const text = { color: INK, fontFamily: 'system-ui, sans-serif' };
  chart.setOption({ animation: false, backgroundColor: PAPER, textStyle: text, ...option });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

/** A heading with a line below it that says what the figures are. */
export function titleOf(text: string, subtext: string): NonNullable<EChartsOption['title']> {
  return {
    text,
    subtext,
    left: 20,
    top: 14,
    textStyle: { color: INK, fontSize: 17 },
    subtextStyle: { color: '#57606a', fontSize: 13 },
  };
}

/** What both axes have in common. */
export const AXIS = {
  nameTextStyle: { color: INK, fontSize: 13 },
  axisLabel: { color: INK, fontSize: 12 },
  axisLine: { lineStyle: { color: INK } },
  splitLine: { lineStyle: { color: GRID } },
};
