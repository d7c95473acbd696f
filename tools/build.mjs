// Builds the package: ESM and CommonJS by two passes of the compiler, then the samples against the result.
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

function compile(project) {
  const { status } = spawnSync(process.execPath, [tsc, '-p', project], { stdio: 'inherit' });
  if (status !== 0) {
    console.error(`The build of ${project} failed.`);
    process.exit(1);
  }
}

rmSync('dist', { recursive: true, force: true });
compile('tsconfig.build.json');
compile('tsconfig.build.cjs.json');
writeFileSync('dist/cjs/package.json', '{ "type": "commonjs" }\n');

for (const sample of readdirSync('sample', { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
  rmSync(`sample/${sample.name}/dist`, { recursive: true, force: true });
  compile(`sample/${sample.name}/tsconfig.json`);
}
