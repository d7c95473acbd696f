// What the package adds to the start of an application: importing it, and booting with it. Each figure is from fresh processes that
// take turns.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { spread, spreadText } from '../support/figures.mjs';

const run = promisify(execFile);
const script = (name) => fileURLToPath(new URL(name, import.meta.url));
const VARIANTS = ['nest', 'nest-sessions', 'express-session'];

async function child(...args) {
  const { stdout } = await run(process.execPath, args, { timeout: 60_000, maxBuffer: 2 ** 26 });
  return stdout;
}

/** The modules that importing these loads. */
async function modulesOf(...names) {
  return new Set((await child(script('modules.mjs'), ...names)).split('\n').filter((line) => line !== ''));
}

/** @returns the times of each variant, and which modules the package loads beside Nest's own */
export async function measureStart({ rounds }) {
  const rows = [];
  for (const what of ['import', 'boot']) {
    for (const kind of ['esm', 'cjs']) rows.push(...(await inTurns(what, kind, rounds)));
  }
  const nest = ['reflect-metadata', '@nestjs/common', '@nestjs/core', '@nestjs/platform-express'];
  const before = await modulesOf(...nest);
  const after = await modulesOf(...nest, 'nest-sessions');
  const added = [...after].filter((url) => !before.has(url));
  const ours = added.filter((url) => url.includes('/dist/'));
  const byPackage = grouped(added);
  const packages = Object.fromEntries(Object.entries(byPackage).map(([name, urls]) => [name, urls.length]));
  return { rows, modules: { nest: before.size, added: added.length, own: ours.length, packages } };
}

const packageOf = (url) =>
  /node_modules\/((?:@[^/]+\/)?[^/]+)(?!.*node_modules)/.exec(url)?.[1] ??
  (url.startsWith('node:') ? 'node' : 'nest-sessions');

function grouped(urls) {
  const groups = {};
  for (const url of urls) (groups[packageOf(url)] ??= []).push(url);
  return groups;
}

async function inTurns(what, kind, rounds) {
  const times = Object.fromEntries(VARIANTS.map((variant) => [variant, []]));
  for (let round = rounds > 1 ? -1 : 0; round < rounds; round++) {
    for (let n = 0; n < VARIANTS.length; n++) {
      const variant = VARIANTS[(n + round + 1) % VARIANTS.length];
      const { ms } = JSON.parse(await child(script('start-child.cjs'), what, kind, variant));
      if (round >= 0) times[variant].push(ms); // the first fills the caches of the disk
    }
  }
  return VARIANTS.map((variant) => ({
    what,
    kind,
    variant,
    ms: spread(times[variant]),
    addedMs: spread(times[variant].map((ms, round) => ms - times.nest[round])),
  }));
}

/** The rows of the README's tables. */
export function startTables({ rows, modules }) {
  const table = rows.map(({ what, kind, variant, ms, addedMs }) => ({
    what,
    'modules as': kind,
    variant: variant === 'nest' ? 'Nest alone' : variant,
    'ms (middle half)': spreadText(ms),
    'added, ms': variant === 'nest' ? '' : spreadText(addedMs),
  }));
  const { packages } = modules;
  return {
    'Import and boot': table,
    [`Modules that Nest alone does not load: ${modules.added} beside ${modules.nest}`]: Object.entries(
      packages,
    ).map(([name, count]) => ({ package: name, modules: count })),
  };
}
