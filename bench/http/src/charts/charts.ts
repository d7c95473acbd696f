// npm run bench:charts: draws bench/charts/*.svg from the results of the last run.
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Report, RESULTS } from '../report/report.js';
import { addedChart } from './added-chart.js';
import { growthChart } from './growth-chart.js';

const CHARTS = 'bench/charts';
const RESULTS_OF_RUN = process.env['RESULTS'] ?? RESULTS;

async function reportIn(directory: string): Promise<Report | undefined> {
  const file = join(directory, 'http.json');
  return existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as Report) : undefined;
}

const all = await reportIn(RESULTS_OF_RUN);
if (all === undefined) {
  throw new Error(`There are no results in ${RESULTS_OF_RUN}. Run the bench first: npm run bench`);
}
// A run of what the budgets are about, with longer rounds, where there is one.
const exact = (await reportIn(join(RESULTS_OF_RUN, 'budgets'))) ?? all;

await mkdir(CHARTS, { recursive: true });
await writeFile(join(CHARTS, 'http-added.svg'), `${addedChart(exact)}\n`);
await writeFile(join(CHARTS, 'http-growth.svg'), `${growthChart(all)}\n`);
