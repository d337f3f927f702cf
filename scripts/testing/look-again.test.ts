import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lookAgain } from './look-again.ts';
import type { FileResult } from './run-file.ts';

const outcome = (kind: 'passed' | 'failed') => ({ kind, name: 'a test', milliseconds: 1, where: '', why: '' }) as const;
const result = (file: string, ...kinds: ('passed' | 'failed')[]): FileResult => ({
  file,
  outcomes: kinds.map(outcome),
  milliseconds: 1,
  output: '',
  notes: [],
});

test('what passes alone does not fail the run and is told of; what fails again fails', async () => {
  const asked: string[] = [];
  const { results, unsteady } = await lookAgain(
    [result('a.test.ts', 'passed'), result('b.test.ts', 'passed', 'failed'), result('c.test.ts', 'failed')],
    async (file) => {
      asked.push(file);
      return result(file, file === 'b.test.ts' ? 'passed' : 'failed');
    },
  );
  assert.deepEqual(asked, ['b.test.ts', 'c.test.ts']);
  assert.deepEqual(
    unsteady.map(({ file }) => file),
    ['b.test.ts'],
  );
  assert.deepEqual(
    results.map(({ file, outcomes }) => [file, outcomes.some(({ kind }) => kind === 'failed')]),
    [
      ['a.test.ts', false],
      ['b.test.ts', false],
      ['c.test.ts', true],
    ],
  );
});

test('a type error is no accident, many failures are none, and neither is a file without a test', async () => {
  const never = async () => assert.fail('looked again');
  const typeCheck = [result('type check', 'failed')];
  assert.deepEqual(await lookAgain(typeCheck, never), { results: typeCheck, unsteady: [] });
  const many = Array.from({ length: 13 }, (_, n) => result(`${n}.test.ts`, 'failed'));
  assert.deepEqual(await lookAgain(many, never), { results: many, unsteady: [] });
  const { unsteady } = await lookAgain([result('a.test.ts', 'failed')], async (file) => result(file));
  assert.deepEqual(unsteady, []);
});
