import type { Deps } from '../deps.ts';
import type { Reading } from '../platform/tally.ts';
import { readDatabaseGauges } from './database-gauges.ts';
import { type Gauge, readGauges } from './gauges.ts';

/** One line of a figure, and the figure, as the library takes them. */
interface Value {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly metricName?: string;
}

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly aggregator: 'first';
  readonly values: readonly Value[];
}

/**
 * Writes the page. The library is loaded when somebody asks for the first time, and with it begins what it measures of the process: the
 * delay of the event loop, and pauses for garbage.
 */
export function createMetricsPage(deps: Deps): () => Promise<string> {
  const readDatabase = readDatabaseGauges(deps);
  let opened: Promise<(own: readonly Metric[]) => Promise<string>> | null = null;
  return async () => {
    opened ??= openLibrary();
    const write = await opened;
    const gauges = [...readGauges(deps), ...(await readDatabase())];
    return write([...deps.tally.read().map(metricOf), ...gauges.map(gaugeOf)]);
  };
}

async function openLibrary(): Promise<(own: readonly Metric[]) => Promise<string>> {
  const { collectDefaultMetrics, Registry } = await import('@prometheus-io/client');
  const process = new Registry();
  collectDefaultMetrics({ register: process });
  return async (own) => (await Registry.aggregate([own]).metrics()) + (await process.metrics());
}

function metricOf({ counted: { metric: name, help, buckets }, rows }: Reading): Metric {
  if (buckets === undefined) {
    return { name, help, type: 'counter', aggregator: 'first', values: rows.map(({ labels, count }) => ({ value: count, labels })) };
  }
  const values = rows.flatMap(({ labels, count, sum, within }): readonly Value[] => [
    ...buckets.map((le, at) => ({ metricName: `${name}_bucket`, labels: { ...labels, le }, value: within[at] ?? 0 })),
    { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count },
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ]);
  return { name, help, type: 'histogram', aggregator: 'first', values };
}

function gaugeOf({ name, help, type = 'gauge', rows }: Gauge): Metric {
  return { name, help, type, aggregator: 'first', values: rows.map(([labels, value]) => ({ labels, value })) };
}
