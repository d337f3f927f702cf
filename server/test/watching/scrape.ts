import assert from 'node:assert/strict';
import { SYSTEM } from '@portico/protocol/routes';
import type { World } from '../world.ts';

export const TOKEN = 'a token of thirty-two characters or more'.replaceAll(' ', '-');

/** One look at /metrics. */
export interface Scrape {
  readonly text: string;
  /** Names of all figures that are announced, with the parts of histograms. */
  readonly names: ReadonlySet<string>;
  /** What stands behind this name with these labels, in any order; 0 where there is no such line. */
  value(name: string, labels?: Readonly<Record<string, string>>): number;
}

export async function scrape({ app }: Pick<World, 'app'>, token: string = TOKEN): Promise<Scrape> {
  const answered = await app.inject({ url: SYSTEM.metrics, headers: { authorization: `Bearer ${token}` } });
  assert.equal(answered.statusCode, 200, answered.body);
  return readScrape(answered.body);
}

export function readScrape(text: string): Scrape {
  const values = new Map<string, number>();
  const names = new Set<string>();
  for (const line of text.split('\n')) {
    const announced = /^# TYPE (\w+) (\w+)$/.exec(line);
    if (announced !== null) for (const part of partsOf(announced[1] ?? '', announced[2] ?? '')) names.add(part);
    if (line === '' || line.startsWith('#')) continue;
    // Prometheus text format 0.0.4: a name, labels in braces, a number.
    const found = /^(\w+)(?:\{((?:\w+="(?:[^"\\\n]|\\.)*",?)*)\})? (\S+)$/.exec(line);
    assert.ok(found, `no line of the text format: ${line}`);
    values.set(`${found[1]} ${sorted(found[2] ?? '')}`, Number(found[3]));
  }
  return {
    text,
    names,
    value: (name, labels = {}) => {
      const key = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
      return values.get(`${name} ${key.sort().join(',')}`) ?? 0;
    },
  };
}

function partsOf(name: string, type: string): readonly string[] {
  return type === 'histogram' || type === 'summary' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
}

function sorted(labels: string): string {
  return [...labels.matchAll(/\w+="(?:[^"\\]|\\.)*"/g)]
    .map(([label]) => label)
    .sort()
    .join(',');
}
