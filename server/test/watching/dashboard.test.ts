import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { COUNTED, type Counted } from '../../src/platform/figures.ts';
import { DIALECTS, freshDatabase } from '../databases.ts';
import { ROOT } from '../threats/source.ts';
import { openWorld } from '../world.ts';
import { scrape, TOKEN } from './scrape.ts';

/** What the dashboard draws and the alerts watch is there: a figure that was renamed would be a flat line that looks like peace. */

const read = (name: string) => readFileSync(join(ROOT, 'deploy/grafana', name), 'utf8');

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string }[];
}

function dashboardQueries(): readonly string[] {
  const { panels } = JSON.parse(read('portico.json')) as { readonly panels: readonly Panel[] };
  assert.ok(panels.every(({ title, targets }) => title !== '' && targets.length > 0));
  return panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
}

const alertQueries = () => [...read('alerts.yaml').matchAll(/^ {8}expr: (.+)$/gm)].map(([, expr = '']) => expr);

async function shown(): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for (const dialect of DIALECTS) {
    const fresh = await freshDatabase(dialect);
    const world = await openWorld(fresh.db, { config: { metricsToken: TOKEN } });
    for (const name of (await scrape(world)).names) names.add(name);
    await world.close();
    await fresh.drop();
  }
  return names;
}

test('every figure that the dashboard and the alerts ask for is on a live page', async () => {
  const names = await shown();
  const queries = [...dashboardQueries(), ...alertQueries()];
  assert.ok(dashboardQueries().length > 25 && alertQueries().length > 8);
  for (const query of queries) {
    const asked = [...query.matchAll(/\b(?:portico|process|nodejs)_\w+/g)].map(([name]) => name);
    assert.ok(asked.length > 0, query);
    assert.deepEqual(
      asked.filter((name) => !names.has(name)),
      [],
      query,
    );
  }
});

test('what they tell apart by is a label of that figure, with a value that it takes', () => {
  const counted = new Map<string, Counted>(Object.values<Counted>(COUNTED).map((one) => [one.metric, one]));
  let compared = 0;
  for (const query of [...dashboardQueries(), ...alertQueries()]) {
    for (const [, name = '', selector = ''] of query.matchAll(/\b(portico_\w+)\{([^}]*)\}/g)) {
      for (const [, label = '', value = ''] of selector.matchAll(/(\w+)!?="([^"$]*)"/g)) {
        const figure = counted.get(name);
        if (figure === undefined) assert.equal(label, 'outbox', query);
        else assert.ok(figure.labels[label]?.includes(value), `${query}: ${label}="${value}"`);
        compared += 1;
      }
    }
  }
  assert.ok(compared > 8);
});

test('there is an alert for each trouble that must wake somebody', () => {
  const names = [...read('alerts.yaml').matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  for (const name of ['PorticoRevocationsLate', 'PorticoMailGivenUp', 'PorticoErrors', 'PorticoHashQueueFull', 'PorticoClockApart'])
    assert.ok(names.includes(name), name);
  assert.equal(names.length, alertQueries().length);
});
