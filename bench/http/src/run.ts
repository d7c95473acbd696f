// npm run bench. The environment says what is measured; see bench/README.md.
import { runBench } from './bench.js';
import { hasPinning } from './pinning.js';
import { reportOf, RESULTS, writeReport } from './report/report.js';
import { machineNow } from './report/surroundings.js';
import { settingsFrom } from './settings.js';

try {
  const settings = settingsFrom(process.env);
  const machine = machineNow();
  if (!hasPinning()) {
    console.log('Nothing is pinned to a core: there is no taskset here, or no second core.');
  }
  const findings = await runBench(settings, (line) => console.log(line));
  const report = await reportOf(findings, machine, settings);
  console.log(`\n${await writeReport(report, settings.results ?? RESULTS)}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
