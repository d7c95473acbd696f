// npm run bench:profile. Where the CPU of one piece of work goes, part by part; see bench/README.md.
import { Child } from '../child-channel.js';
import { MANY } from '../cells.js';
import { DatabaseServers } from '../database-servers.js';
import type { LoadOperations } from '../load/load.js';
import { OTHER_CORE, pinThisProcess } from '../pinning.js';
import { tableOf } from '../report/tables.js';
import { RunningServer } from '../server/running-server.js';
import { settingsFrom } from '../settings.js';
import { allVariants } from '../variants/all-variants.js';
import { chosen, databasesOf } from '../variants/chosen.js';
import type { Variant } from '../variants/variant.js';
import { sizeTitle, WORK_TITLES } from '../works.js';
import { PARTS } from './parts.js';
import type { Profile } from './profiler.js';

const DEFAULTS = {
  VARIANTS: 'nest-sessions, memory;nest-sessions, Redis',
  WARM_UP_MS: '5000',
  SLICE_MS: '8000',
};

/** What a piece of work takes, in microseconds of the server's CPU. */
interface Found {
  readonly variant: Variant;
  readonly plain: number;
  readonly profiled: number;
  readonly profile: Profile;
}

const settings = settingsFrom({ ...DEFAULTS, ...process.env });
const work = settings.works?.[0] ?? 'write';
const bytes = settings.sizes?.[0] ?? 1_000;

/** Lets a server of its own work alone, first without being looked at. */
async function profileOf(
  variant: Variant,
  load: Child<LoadOperations>,
  { urls }: DatabaseServers,
): Promise<Found> {
  const server = await RunningServer.start(variant, urls, settings.moreVariants);
  const { name, remembers = true, livesInCookie = false } = variant;
  try {
    const plan = { origin: server.origin, clients: MANY, bytes, remembers, livesInCookie };
    const misfit = await load.ask('enter', { name, plan });
    if (misfit !== undefined) {
      throw new Error(`${name}: ${misfit}`);
    }
    const used = async (milliseconds: number) => {
      const before = await server.usage();
      const { done } = await load.ask('work', { name, work, milliseconds });
      const after = await server.usage();
      return { done, each: (after.cpu - before.cpu) / done };
    };
    await used(settings.warmUpMs);
    const plain = await used(settings.sliceMs);
    await server.beginProfile();
    const profiled = await used(settings.sliceMs);
    const sums = await server.endProfile();
    await load.ask('verify', { name, work });
    const profile = Object.fromEntries(
      Object.entries(sums).map(([part, sum]) => [part, sum / profiled.done]),
    ) as Profile;
    return { variant, plain: plain.each, profiled: profiled.each, profile };
  } finally {
    await load.ask('leave', { name });
    await server.stop();
  }
}

/** A column a variant, without what the same takes in the application that has no session. */
function tableFor(found: readonly Found[]): string {
  const variants = found.filter(({ variant }) => variant.baseline !== variant.name);
  const row = (title: string, figure: (one: Found) => number) => [
    title,
    ...variants.map((one) => {
      const base = found.find(({ variant }) => variant.name === one.variant.baseline);
      return (figure(one) - (base === undefined ? Number.NaN : figure(base))).toFixed(1);
    }),
  ];
  return tableOf(
    ['µs a request', ...variants.map(({ variant }) => variant.name)],
    [
      ...PARTS.map((part) => row(part, ({ profile }) => profile[part] ?? 0)),
      row('together, while it is profiled', ({ profiled }) => profiled),
      row('together, while it is not', ({ plain }) => plain),
    ],
  );
}

pinThisProcess(OTHER_CORE);
const all = (await allVariants(settings.moreVariants)).filter(({ works }) => works?.includes(work) ?? true);
const variants = chosen(all, settings.variants, ['baseline']);
const databases = new DatabaseServers();
const load = new Child<LoadOperations>('the clients', new URL('../load/load.js', import.meta.url), {
  core: OTHER_CORE,
});
try {
  await databases.start(databasesOf(variants));
  const found: Found[] = [];
  for (const variant of variants) {
    found.push(await profileOf(variant, load, databases));
  }
  console.log(`\n${WORK_TITLES[work]}, ${sizeTitle(bytes)}, ${MANY} clients\n\n${tableFor(found)}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await load.stop();
  await databases.stop();
}
