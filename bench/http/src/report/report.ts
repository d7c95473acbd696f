import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import type { Findings } from '../bench.js';
import type { Settings } from '../settings.js';
import { type Judged, judge } from './budgets.js';
import { type Row, rowsOf } from './rows.js';
import { type Machine, versionsOf } from './surroundings.js';
import { markdownOf } from './tables.js';

/** Where the results of a run are kept. */
export const RESULTS = 'bench/results';

const ALWAYS = ['@nestjs/core', '@nestjs/platform-express', '@nestjs/platform-fastify', 'express', 'fastify'];

/** What a run leaves behind. */
export interface Report {
  readonly machine: Machine;
  readonly settings: Settings;
  readonly packages: Readonly<Record<string, string>>;
  readonly servers: Readonly<Record<string, string>>;
  /** CPU of each server while nobody asked it anything, as a part of one core. */
  readonly idle: Readonly<Record<string, number>>;
  readonly budgets: readonly Judged[];
  readonly rows: readonly Row[];
}

export async function reportOf(findings: Findings, machine: Machine, settings: Settings): Promise<Report> {
  const rows = rowsOf(findings);
  return {
    machine,
    settings,
    packages: await versionsOf([...ALWAYS, ...findings.variants.flatMap(({ packages = [] }) => packages)]),
    servers: findings.servers,
    idle: findings.idle,
    budgets: judge(rows),
    rows,
  };
}

/** Writes `http.json` and `http.md`; answers the latter. */
export async function writeReport(report: Report, directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  await writeFormatted(join(directory, 'http.json'), JSON.stringify(report, rounded));
  return writeFormatted(join(directory, 'http.md'), markdownOf(report));
}

/** More digits than these are chance. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(6)) : value;
}

async function writeFormatted(path: string, text: string): Promise<string> {
  const formatted = await format(text, { ...(await resolveConfig(path)), filepath: path });
  await writeFile(path, formatted);
  return formatted;
}
