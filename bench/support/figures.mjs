// Medians, quantiles and tables: what every bench says its figures with.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** The value below which this share of the numbers lies. */
export function quantile(numbers, share) {
  const sorted = Float64Array.from(numbers).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

export const median = (numbers) => quantile(numbers, 0.5);

/** The median, and where the middle half of the numbers lies. */
export function spread(numbers) {
  return { median: median(numbers), low: quantile(numbers, 0.25), high: quantile(numbers, 0.75) };
}

/** A number for a table: three digits that count. */
export function short(number) {
  if (typeof number !== 'number') return String(number ?? '');
  if (Number.isInteger(number) || Math.abs(number) >= 100) return String(Math.round(number));
  return number.toPrecision(3);
}

/** `1.00 (0.97–1.04)` */
export const spreadText = ({ median, low, high }) => `${short(median)} (${short(low)}–${short(high)})`;

/** Prints rows as a table of Markdown. */
export function printTable(title, rows) {
  const names = Object.keys(rows[0] ?? {});
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const body = rows.map((row) => line(names.map((name) => short(row[name]))));
  console.log([`\n${title}\n`, line(names), line(names.map(() => '---')), ...body].join('\n'));
}

/** What the figures depend on beside the code. */
export const machine = () => ({
  node: process.version,
  v8: process.versions.v8,
  platform: `${process.platform} ${process.arch}`,
  cpus: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
});

/** Keeps the results as JSON; `file` is where, unless `OUT` says otherwise. */
export function saveResults(file, results) {
  const path = process.env.OUT ?? `bench/results/${file}`;
  if (path.includes('/')) mkdirSync(path.slice(0, path.lastIndexOf('/')), { recursive: true });
  writeFileSync(path, `${JSON.stringify({ ...machine(), ...results }, undefined, 2)}\n`);
  console.log(`\n${path}`);
}

/** A whole number from the environment. */
export function setting(name, preset) {
  const value = Number(process.env[name] ?? preset);
  if (!Number.isFinite(value) || value < 0) throw new Error(`${name} must be a number of at least 0.`);
  return value;
}

/** A list from the environment. */
export const settings = (name, preset) => (process.env[name] ?? preset).split(',').map((part) => part.trim());
