import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ASVS, ATTACKS } from './check-ids.ts';
import { firstColumn, shortName, tableUnder, testNames, testsIn } from './document.ts';
import { testFiles } from './source.ts';

/** docs/threats.md names a test for every attack and every requirement, or says why there is none. This is what keeps it true. */

const ATTACK_TABLE = 'Attacks';
const ASVS_TABLE = 'ASVS 5.0';
const rows = [...tableUnder(ATTACK_TABLE), ...tableUnder(ASVS_TABLE)];
const REASON = /(?:^|<br>)\s*(?:does not apply: \S|applies from \S)/;

test('every attack, and every requirement of level 1 and 2, stands in the table once; nothing stands there that nobody asked for', () => {
  const attacks = firstColumn(ATTACK_TABLE);
  const requirements = firstColumn(ASVS_TABLE);
  assert.deepEqual([...attacks].sort(), [...ATTACKS].sort());
  assert.equal(new Set(requirements).size, requirements.length, 'a requirement stands there twice');
  const asked = [...ASVS[1], ...ASVS[2]];
  assert.deepEqual(
    asked.filter((id) => !requirements.includes(id)),
    [],
    'missing',
  );
  assert.deepEqual(
    requirements.filter((id) => !asked.includes(id) && !ASVS[3].includes(id)),
    [],
    'unknown',
  );
});

test('every row names a test, or says why it does not apply, or from what on it does', () => {
  const silent = rows.filter(([, , kept = '']) => testsIn(kept).length === 0 && !REASON.test(kept));
  assert.deepEqual(
    silent.map(([id]) => id),
    [],
  );
});

test('every test that a row names is there', () => {
  const known = testNames();
  const named = rows.flatMap(([id = '', , kept = '']) => testsIn(kept).map((one) => ({ id, ...one })));
  assert.ok(named.length > 250, String(named.length));
  const lost = named.filter(({ file, name }) => known.get(file)?.some((pattern) => pattern.test(name)) !== true);
  assert.deepEqual(
    lost.map(({ id, file, name }) => `${id}: ${file} › ${name}`),
    [],
  );
});

test('every test of an attack has its row', () => {
  const named = new Set(rows.flatMap(([, , kept = '']) => testsIn(kept).map(({ file }) => file)));
  const own = testFiles()
    .map(({ path }) => shortName(path))
    .filter((name) => name.startsWith('threats/'));
  assert.ok(own.length > 15);
  assert.deepEqual(
    own.filter((name) => !named.has(name)),
    [],
  );
});

test('a cell that names tests is read as it is written', () => {
  assert.deepEqual(testsIn('threats/steps › an empty form<br>applies from providers: linking'), [
    { file: 'threats/steps', name: 'an empty form' },
  ]);
  assert.ok(
    REASON.test('does not apply: there is none') && REASON.test('flows/a › b<br>applies from providers') && !REASON.test('does not apply:'),
  );
  const patterns = testNames().get('flows/cookies-lines') ?? [];
  assert.ok(
    patterns.some((pattern) =>
      pattern.test('on an https origin; HttpOnly but for the two readable ones, SameSite=Lax, Path=/, and never cached'),
    ),
  );
  assert.ok(!patterns.some((pattern) => pattern.test('a test that nobody wrote')));
});
