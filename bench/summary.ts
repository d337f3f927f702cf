import type { Ending, Sample } from './measure.ts';
import type { Target } from './target.ts';

export interface Result {
  readonly name: string;
  readonly target: Target;
  readonly durability: string;
  readonly samples: readonly Sample[];
  readonly ending: Ending;
}

/** One target at one concurrency, over all rounds. */
export interface Line {
  readonly name: string;
  readonly concurrency: number;
  /** Median of the rounds, and between which values the middle half of them lay. */
  readonly refreshesPerSecond: number;
  readonly lowerQuartile: number;
  readonly upperQuartile: number;
  /** Over all refreshes of all rounds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly serverMsPerThousand: number | null;
  /** Refreshes a second as a share of the floor's on the same database, compared round by round. */
  readonly ofFloor: number | null;
  /** The same by processor time of the server: what the share would be if the server had a core to itself and never waited. */
  readonly ofFloorByProcessor: number | null;
  /** How many times as many refreshes a second Portico does on the same database, compared round by round. */
  readonly porticoTimes: number | null;
}

export function summarize(results: readonly Result[], concurrency: number): readonly Line[] {
  return results.map((result) => {
    const samples = samplesAt(result, concurrency);
    const rates = samples.map(rateOf);
    const latencies = samples.flatMap((sample) => sample.latencies);
    const floor = beside(results, result, 'floor');
    return {
      name: result.name,
      concurrency,
      refreshesPerSecond: quantile(rates, 0.5),
      lowerQuartile: quantile(rates, 0.25),
      upperQuartile: quantile(rates, 0.75),
      p50Ms: quantile(latencies, 0.5),
      p99Ms: quantile(latencies, 0.99),
      serverMsPerThousand: costOf(result, concurrency),
      ofFloor: rateRatio(result, floor, concurrency),
      ofFloorByProcessor: quotient(floor && costOf(floor, concurrency), costOf(result, concurrency)),
      porticoTimes: rateRatio(beside(results, result, result.target.counterpart ?? 'portico'), result, concurrency),
    };
  });
}

function beside(results: readonly Result[], result: Result, name: string): Result | null {
  return results.find(({ target }) => target.name === name && target.database === result.target.database) ?? null;
}

/** The median of the ratios of neighbouring slices: a busy minute of the machine slows both and drops out. */
function rateRatio(above: Result | null, below: Result | null, concurrency: number): number | null {
  if (!above || !below) return null;
  const divisors = samplesAt(below, concurrency).map(rateOf);
  const ratios = samplesAt(above, concurrency).map((sample, round) => rateOf(sample) / (divisors[round] ?? Number.NaN));
  return quantile(ratios, 0.5);
}

/** Milliseconds of processor time for 1,000 refreshes. Summed over the rounds, because the system counts in steps of 10 ms. */
function costOf(result: Result, concurrency: number): number | null {
  let milliseconds = 0;
  let refreshes = 0;
  for (const sample of samplesAt(result, concurrency)) {
    if (sample.serverMs === null) return null;
    milliseconds += sample.serverMs;
    refreshes += sample.refreshes;
  }
  return (milliseconds * 1000) / refreshes;
}

function quotient(above: number | null, below: number | null): number | null {
  return above === null || below === null ? null : above / below;
}

function samplesAt(result: Result, concurrency: number): readonly Sample[] {
  return result.samples.filter((sample) => sample.concurrency === concurrency);
}

function rateOf(sample: Sample): number {
  return sample.refreshes / sample.seconds;
}

/** By nearest rank. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
