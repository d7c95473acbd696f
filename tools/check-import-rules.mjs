// Keeps the rooms apart: the source must obey .dependency-cruiser.cjs, and every rule in there must be able to fail.
// The second half plants one deliberate offence per rule into a copy of the source and wants each of them reported.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import rules from '../.dependency-cruiser.cjs';

const root = resolve(import.meta.dirname, '..');
const depcruise = join(root, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');

/** The rule, the offending module, and what it imports. */
const offences = [
  ['room-core', 'src/core/zz-upward.ts', '../http/zz-target.js'],
  ['room-core', 'src/core/zz-nest.ts', '@nestjs/common'],
  ['room-core', 'src/core/zz-express-session.ts', 'express-session'],
  ['room-core', 'src/core/zz-cookie.ts', 'cookie-signature'],
  ['room-options', 'src/options/zz-upward.ts', '../http/zz-target.js'],
  ['room-events', 'src/events/zz-upward.ts', '../services/zz-target.js'],
  ['room-http', 'src/http/zz-upward.ts', '../guards/zz-target.js'],
  ['room-http', 'src/http/zz-module.ts', '../zz.module.js'],
  ['room-http', 'src/http/zz-store.ts', '../stores/memory/zz-target.js'],
  ['room-services', 'src/services/zz-upward.ts', '../guards/zz-target.js'],
  ['room-guards', 'src/guards/zz-upward.ts', '../zz.module.js'],
  ['room-decorators', 'src/decorators/zz-upward.ts', '../zz.module.js'],
  ['field-types', 'src/session-data.ts', './core/zz-target.js'],
  ['room-testing', 'src/testing/zz-store.ts', '../stores/memory/zz-target.js'],
  ['store-memory', 'src/stores/memory/zz-other-store.ts', '../lmdb/zz-target.js'],
  ['store-lmdb', 'src/stores/lmdb/zz-nest.ts', '@nestjs/common'],
  ['store-redis', 'src/stores/redis/zz-other-driver.ts', 'lmdb'],
  ['store-mongo', 'src/stores/mongo/zz-other-driver.ts', 'lmdb'],
  ['store-postgres', 'src/stores/postgres/zz-other-driver.ts', 'lmdb'],
  ['store-express', 'src/stores/express/zz-upward.ts', '../../http/zz-target.js'],
  ['store-cookie', 'src/stores/cookie/zz-other-driver.ts', 'lmdb'],
  ['store-unknown', 'src/zz-imports-unknown-store.ts', './stores/zz-unknown/zz-target.js'],
  ['room-unknown', 'src/zz-imports-unknown-room.ts', './zz-unknown/zz-target.js'],
  ['nobody-imports-an-entry', 'src/zz-imports-entry.ts', './testing/index.js'],
  ['testing-is-not-shipped-with-the-rest', 'src/zz-imports-testing.ts', './testing/zz-target.js'],
  ['drivers-only-in-their-store', 'src/zz-imports-driver.ts', 'lmdb'],
  ['main-entry-reaches-no-driver', 'src/index.ts', './stores/lmdb/zz-driver.js'],
  ['no-cycles', 'src/core/zz-cycle.ts', './zz-cycle-back.js'],
  ['no-undeclared-packages', 'src/zz-imports-dev-dependency.ts', 'vitest'],
  ['no-unresolvable', 'src/core/zz-unresolvable.ts', './zz-nowhere.js'],
  ['no-shipped-specs', 'src/core/zz-imports-spec.ts', './zz-target.spec.js'],
  ['no-orphans', 'src/core/zz-orphan.ts', undefined],
];

/** What the offences need to be there. */
const props = {
  'src/core/zz-cycle-back.ts': `import type {} from './zz-cycle.js';\n`,
  'src/stores/lmdb/zz-driver.ts': `import type {} from 'lmdb';\n`,
};

function cruise(directory) {
  const run = spawnSync(
    process.execPath,
    [depcruise, 'src', '--config', '.dependency-cruiser.cjs', '--no-progress'],
    { cwd: directory, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, timeout: 120_000 },
  );
  if (run.error) throw run.error;
  return run;
}

function checkTheSource() {
  const { status, stdout, stderr } = cruise(root);
  process.stdout.write(stdout.trimStart());
  process.stderr.write(stderr);
  return status === 0;
}

/** `import type`, because the rules must see those as well. */
function plantOffences(directory) {
  const files = new Map(Object.entries(props));
  for (const [, file, target] of offences) {
    const text = target === undefined ? '' : `import type {} from '${target}';\n`;
    files.set(file, `${text}export {};\n`);
    if (target?.startsWith('.')) {
      const module = join(dirname(file), target).replace(/\.js$/, '.ts');
      if (!files.has(module) && !module.includes('nowhere')) files.set(module, 'export {};\n');
    }
  }
  for (const [file, text] of files) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), text);
  }
}

function checkThatRulesCanFail() {
  const directory = mkdtempSync(join(tmpdir(), 'import-rules-'));
  try {
    for (const name of ['src', 'package.json', 'tsconfig.json', '.dependency-cruiser.cjs']) {
      cpSync(join(root, name), join(directory, name), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'), 'junction');
    plantOffences(directory);

    const { status, stdout } = cruise(directory);
    const reports = stdout.split(/^ *error /m);
    const isReported = (rule, file) =>
      reports.some((text) => text.startsWith(`${rule}: `) && text.includes(file));
    const missed = offences.filter(([rule, file]) => !isReported(rule, file));
    const untried = rules.forbidden.filter(({ name }) => !offences.some(([rule]) => rule === name));

    for (const [rule, file] of missed) console.error(`The offence in ${file} was not seen by ${rule}.`);
    for (const { name } of untried) console.error(`No offence is planted for the rule ${name}.`);
    if (status === 0) console.error('A source full of offences passed.');
    if (missed.length > 0 || untried.length > 0 || status === 0) return false;
    console.log(`✔ ${offences.length} deliberate offences, each reported by its rule`);
    return true;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const ok = [checkTheSource(), checkThatRulesCanFail()].every(Boolean);
process.exitCode = ok ? 0 : 1;
