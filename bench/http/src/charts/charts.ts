// npm run bench:charts: draws bench/charts/*.svg from the results of the last run.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Report, RESULTS } from '../report/report.js';
import { addedChart } from './added-chart.js';
import { growthChart } from './growth-chart.js';

const CHARTS = 'bench/charts';
const text = await readFile(join(process.env['RESULTS'] ?? RESULTS, 'http.json'), 'utf8');
const report = JSON.parse(text) as Report;

await mkdir(CHARTS, { recursive: true });
await writeFile(join(CHARTS, 'http-added.svg'), `${addedChart(report)}\n`);
await writeFile(join(CHARTS, 'http-growth.svg'), `${growthChart(report)}\n`);
