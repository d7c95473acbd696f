import { type Profiler as Inspected, Session } from 'node:inspector/promises';
import { type Part, partOf } from './parts.js';

/** Between two looks at what this process does. */
const INTERVAL_US = 250;

/** Where the CPU of this process went, in microseconds. */
export type Profile = Readonly<Partial<Record<Part, number>>>;

/** Notes where the CPU of this process goes. */
export class Profiler {
  readonly #session = new Session();

  async begin(): Promise<void> {
    this.#session.connect();
    await this.#session.post('Profiler.enable');
    await this.#session.post('Profiler.setSamplingInterval', { interval: INTERVAL_US });
    await this.#session.post('Profiler.start');
  }

  async end(): Promise<Profile> {
    const { profile } = await this.#session.post('Profiler.stop');
    this.#session.disconnect();
    return byPart(profile);
  }
}

function byPart({ nodes, samples = [], timeDeltas = [] }: Inspected.Profile): Profile {
  const parts = new Map(nodes.map(({ id, callFrame }) => [id, partOf(callFrame)]));
  const sums: Partial<Record<Part, number>> = {};
  for (const [n, id] of samples.entries()) {
    const part = parts.get(id);
    if (part !== undefined) {
      sums[part] = (sums[part] ?? 0) + (timeDeltas[n] ?? 0);
    }
  }
  return sums;
}
