import { type Line, quantile, type Result, summarize } from './summary.ts';

export function printReport(results: readonly Result[], concurrencies: readonly number[]): string {
  const speeds = concurrencies.map((concurrency) => `${concurrency} at once\n${speedTable(summarize(results, concurrency))}`);
  const racing = results.filter(({ target }) => target.unraced === undefined);
  const races = racing[0]?.ending.races.length ?? 0;
  return [
    ...speeds,
    `Twenty callers send one token at the same moment, ${races} times\n${raceTable(racing)}`,
    results.map(({ name, target }) => `${name}: ${target.about}.`).join('\n'),
    warnings(results),
  ].join('\n\n');
}

function speedTable(lines: readonly Line[]): string {
  return table(
    ['', 'refreshes/s', 'middle half', 'of the floor', 'by CPU', 'Portico is', 'p50 ms', 'p99 ms', 'CPU ms per 1,000'],
    lines.map((line) => [
      line.name,
      line.refreshesPerSecond.toFixed(0),
      `${line.lowerQuartile.toFixed(0)}-${line.upperQuartile.toFixed(0)}`,
      percent(line.ofFloor),
      percent(line.ofFloorByProcessor),
      line.porticoTimes === null ? '-' : `${line.porticoTimes.toFixed(2)} x`,
      line.p50Ms.toFixed(2),
      line.p99Ms.toFixed(2),
      line.serverMsPerThousand?.toFixed(0) ?? '-',
    ]),
  );
}

function raceTable(results: readonly Result[]): string {
  return table(
    ['', 'answered', 'successors', 'one-use', 'still signed in', 'peak RSS MiB', 'durability'],
    results.map(({ name, durability, ending: { races, peakMemoryMib } }) => [
      name,
      range(races.map((race) => race.answered)),
      range(races.map((race) => race.successors)),
      `${races.filter((race) => race.successors <= 1).length} of ${races.length}`,
      `${races.filter((race) => race.alive).length} of ${races.length}`,
      peakMemoryMib?.toFixed(0) ?? '-',
      durability,
    ]),
  );
}

/** What would make the figures lie. */
function warnings(results: readonly Result[]): string {
  const samples = results.flatMap((result) => result.samples);
  const withoutPostgres = results.filter(({ target }) => target.database === 'SQLite').flatMap((result) => result.samples);
  const driver = Math.max(...samples.map((sample) => sample.driverLoad));
  return [
    `Driver: at most ${percent(driver)} of its core${driver > 0.9 ? '; it was the bottleneck at least once' : ''}.`,
    `Other programs on this machine, in slices without PostgreSQL: ${shares(withoutPostgres.map((sample) => sample.otherLoad))} of all cores.`,
    `Taken by other guests of the same host: ${shares(samples.map((sample) => sample.stolenLoad))} of all cores.`,
  ].join('\n');
}

function shares(values: readonly (number | null)[]): string {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? 'unknown' : `${percent(quantile(known, 0.5))} (median), ${percent(quantile(known, 1))} (worst slice)`;
}

function percent(share: number | null): string {
  return share === null ? '-' : `${(share * 100).toFixed(0)} %`;
}

function range(values: readonly number[]): string {
  const low = Math.min(...values);
  const high = Math.max(...values);
  return low === high ? String(low) : `${low}-${high}`;
}

export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const last = header.length - 1;
  const align = (cell: string, column: number): string => {
    const width = widths[column] ?? 0;
    return column === 0 || column === last ? cell.padEnd(width) : cell.padStart(width);
  };
  return [header, ...rows].map((row) => `  ${row.map(align).join('  ').trimEnd()}`).join('\n');
}
