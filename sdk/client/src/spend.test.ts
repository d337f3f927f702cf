import 'fake-indexeddb/auto';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PorticoError } from './error.ts';
import type { Grant, Mode } from './mode.ts';
import { spend } from './spend.ts';

/** How often is asked, and with what, when Portico says `retry`. */

const GRANT: Grant = { accessToken: 'a', expiresIn: 300, gen: 1, user: { id: 'ada', roles: [] }, expiresAt: null };
const retry = () => Promise.reject(new PorticoError('retry', { status: 409, answer: { after: 0 } }));

/** A mode whose token is as old as `generations` says, one after the other. */
function createMode(
  generations: readonly (number | null)[],
  refresh: (attempt: string | null) => Promise<Grant>,
): Mode & { readonly sent: (string | null)[] } {
  const sent: (string | null)[] = [];
  let reads = 0;
  return {
    sent,
    begin: () => Promise.resolve(null),
    generation: () => {
      const found = generations[Math.min(reads, generations.length - 1)];
      reads += 1;
      return Promise.resolve(found ?? null);
    },
    refresh: (attempt) => {
      sent.push(attempt);
      return refresh(attempt);
    },
    signInAddress: () => Promise.resolve(''),
    signOut: () => Promise.resolve(),
  };
}

const run = (scope: string, mode: Mode, heard: () => Grant | null = () => null, signal = new AbortController().signal) =>
  spend({ scope, mode, signal, heard });
const withCode = (code: string) => (error: unknown) => error instanceof PorticoError && error.code === code;

test('one generation is tried four times with one attempt, and then it is trouble', async () => {
  const mode = createMode([3], retry);
  await assert.rejects(run('stuck', mode), withCode('retry'));
  assert.equal(mode.sent.length, 4);
  assert.equal(new Set(mode.sent).size, 1);
  assert.match(mode.sent[0] ?? '', /^3\./);
});

test('a generation that moves is followed, with an attempt of its own each time', async () => {
  const mode = createMode([3, 4, 5], (attempt) => (attempt?.startsWith('5.') === true ? Promise.resolve(GRANT) : retry()));
  assert.equal(await run('moving', mode), GRANT);
  assert.deepEqual(
    mode.sent.map((attempt) => attempt?.slice(0, 2)),
    ['3.', '4.', '5.'],
  );
});

test('a generation that never stands still is not followed for ever', async () => {
  const mode = createMode(
    Array.from({ length: 50 }, (_, n) => n),
    retry,
  );
  await assert.rejects(run('racing', mode), withCode('retry'));
  assert.equal(mode.sent.length, 13);
});

test('what another tab has got meanwhile ends the waiting', async () => {
  const mode = createMode([3], retry);
  assert.equal(await run('heard', mode, () => GRANT), GRANT);
  assert.equal(mode.sent.length, 1);
});

test('no known generation is no attempt; every other refusal is said at once', async () => {
  const mode = createMode([null], () => Promise.reject(new PorticoError('session_ended', { status: 400 })));
  await assert.rejects(run('unknown', mode), withCode('session_ended'));
  assert.deepEqual(mode.sent, [null]);
});

test('after a sign-out nothing is sent any more', async () => {
  const stop = new AbortController();
  const mode = createMode([3], retry);
  const running = run('left', mode, () => null, stop.signal);
  stop.abort();
  await assert.rejects(running, withCode('dropped'));
  assert.deepEqual(mode.sent, []);
});
