import type { Findings, MeasuredCell } from '../bench.js';
import type { Measured, Sample } from '../rounds.js';
import { type Spread, spreadOf } from '../statistics.js';
import type { Variant } from '../variants/variant.js';
import type { Work } from '../works.js';

/** One variant in one cell, as it is reported. */
export interface Row {
  readonly bytes: number;
  readonly work: Work;
  readonly clients: number;
  readonly rounds: number;
  readonly variant: string;
  readonly peer?: string;
  /** Why nothing was measured. */
  readonly misfit?: string;
  /** Pieces of work, all of which were answered as they should be. */
  readonly verified: number;
  /** CPU of the server for one piece of work, in microseconds. */
  readonly cpu: Spread;
  /** The same without what the application costs that has no session. */
  readonly added: number;
  /** What it adds as a part of what the peer adds, round by round. */
  readonly addedOfPeer?: Spread;
  readonly perSecond: Spread;
  /** Pieces of work in a second, against those of the peer in the same round. */
  readonly perSecondOfPeer?: Spread;
  /** Which part of the time the server was at work. */
  readonly serverBusy: number;
  readonly heap: number;
  readonly peakMemory: number;
}

/** Everything that was found, a row a variant and cell. */
export function rowsOf({ cells, variants }: Findings): Row[] {
  return cells.flatMap((cell) =>
    cell.measured.map((measured) => {
      const variant = variants.find(({ name }) => name === measured.variant);
      return rowOf(cell, measured, variant);
    }),
  );
}

function rowOf(cell: MeasuredCell, measured: Measured, variant: Variant | undefined): Row {
  const { bytes, work, clients, rounds } = cell;
  const { samples, misfit, heap, peakMemory } = measured;
  const base = samplesOf(cell, variant?.baseline);
  const peer = samplesOf(cell, variant?.peer);
  const isCompared = variant?.peer !== undefined && peer.length > 0 && samples.length > 0;
  return {
    bytes,
    work,
    clients,
    rounds,
    variant: measured.variant,
    ...(variant?.peer !== undefined && { peer: variant.peer }),
    ...(misfit !== undefined && { misfit }),
    verified: samples.reduce((sum, { done }) => sum + done, 0),
    cpu: spreadOf(samples.map(({ cpu }) => cpu)),
    added: addedBy(samples, base),
    // A peer that seems to add nothing was measured among too much noise; nothing can be said beside it.
    ...(isCompared &&
      addedBy(peer, base) > 0 && {
        addedOfPeer: spreadOf(samples.map((sample, n) => partOf(sample, peer[n], base[n]))),
      }),
    ...(isCompared && {
      perSecondOfPeer: spreadOf(
        samples.map(({ perSecond }, n) => perSecond / (peer[n]?.perSecond ?? Number.NaN)),
      ),
    }),
    perSecond: spreadOf(samples.map(({ perSecond }) => perSecond)),
    serverBusy: medianOf(samples, 'serverBusy'),
    heap,
    peakMemory,
  };
}

function samplesOf({ measured }: MeasuredCell, name: string | undefined): readonly Sample[] {
  return measured.find(({ variant }) => variant === name)?.samples ?? [];
}

function addedBy(samples: readonly Sample[], base: readonly Sample[]): number {
  return medianOf(samples, 'cpu') - medianOf(base, 'cpu');
}

/** What a variant adds, as a part of what its peer adds, in one round. */
function partOf(sample: Sample, peer: Sample | undefined, base: Sample | undefined): number {
  const without = base?.cpu ?? Number.NaN;
  return (sample.cpu - without) / ((peer?.cpu ?? Number.NaN) - without);
}

function medianOf(samples: readonly Sample[], figure: keyof Sample): number {
  return spreadOf(samples.map((sample) => sample[figure])).median;
}
