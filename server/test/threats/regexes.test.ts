import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseTexts } from '@portico/protocol/texts';
import { deviceLabel } from '../../src/accounts/device-label.ts';
import { AUTH_ROUTES } from '../../src/app.ts';
import { sourceFiles } from './source.ts';

/** No pattern takes long, whatever it is shown (ReDoS). Each is run on texts that are made to make it try again and again. */

const LENGTH = 50_000;
/** Milliseconds for one pattern on one text of fifty kilobytes. A pattern that tries every place anew needs seconds. */
const PATIENCE = 250;

/** Regular expressions as they stand in a source file: after an operator, a bracket or `return`, and not in a comment. */
export function literalsIn(source: string): RegExp[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
  const found = code.matchAll(/(?<=(?:[(,=:[!&|?{};>]|\breturn)\s*)\/(?![*/])((?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+)\/([dgimsuvy]*)/g);
  return [...found].map(([, body = '', flags = '']) => new RegExp(body, flags.replace(/[gy]/g, '')));
}

/** The letters that a pattern speaks of, and some that it does not. */
function lettersOf(pattern: RegExp): string[] {
  const plain = pattern.source.replace(/\\[pPuxk][^\s]{0,8}/g, '').replace(/\\(.)/g, '$1');
  return [...new Set([...plain, 'a', 'A', '0', ' ', '-', '.', '@', '=', '/', '\t', 'é', '\uFF20'])].filter((letter) => letter !== '\n');
}

/** One or two letters again and again, with a beginning that may fit and an end that does not. */
function* attacksOn(pattern: RegExp): Generator<string> {
  const letters = lettersOf(pattern);
  const pumps = [...letters, ...letters.slice(0, 12).flatMap((one) => letters.slice(0, 12).map((two) => one + two))];
  for (const pump of pumps) {
    const body = pump.repeat(LENGTH / pump.length);
    yield `${body}\u0000`;
    yield `a${body}!`;
    yield `a@${body}\n`;
  }
}

/** Milliseconds. A busy machine makes one try slow, a bad pattern all of them. */
function quickest(work: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 6 && best >= PATIENCE; tries += 1) {
    const began = performance.now();
    work();
    best = Math.min(best, performance.now() - began);
  }
  return best;
}

test('no pattern in the server or the protocol takes long on fifty kilobytes of whatever it is made of', () => {
  const patterns = new Map<string, RegExp>();
  for (const { path, text } of sourceFiles('server/src', 'protocol/src'))
    for (const pattern of literalsIn(text)) patterns.set(`${path} ${pattern}`, pattern);
  for (const { path, schema } of AUTH_ROUTES) {
    for (const [, pattern] of JSON.stringify(schema).matchAll(/"pattern":("(?:\\.|[^"])*")/g))
      patterns.set(`${path} ${pattern}`, new RegExp(JSON.parse(pattern ?? '""') as string, 'u'));
  }
  assert.ok(patterns.size > 60, `${patterns.size} patterns were found`);
  const slow: string[] = [];
  for (const [name, pattern] of patterns) {
    for (const attack of attacksOn(pattern)) {
      if (quickest(() => pattern.test(attack)) < PATIENCE) continue;
      slow.push(`${name} on ${JSON.stringify(attack.slice(0, 12))}…`);
      break;
    }
  }
  assert.deepEqual(slow, []);
});

test('a pattern that does take long is found', () => {
  const [pattern] = literalsIn('const slow = /^([a-z0-9]+)+$/.test(text);');
  assert.ok(pattern);
  const time = (letters: number) => {
    const began = performance.now();
    pattern.test(`${'a'.repeat(letters)}!`);
    return performance.now() - began;
  };
  const best = (letters: number) => Math.min(...Array.from({ length: 5 }, () => time(letters)));
  assert.ok(best(22) > 8 * best(16), 'it doubles with every letter');
  assert.deepEqual(literalsIn('const half = a / b; // not /this/\nconst b = x.split(/[/,]+/);').map(String), ['/[/,]+/']);
});

test('browser names and languages of any length are read in a moment, third-party patterns included', () => {
  const parts = [
    'Mozilla/5.0 (',
    'Windows NT 10.0; ',
    'Chrome/',
    '(((',
    'a'.repeat(50),
    '1.2.3.4.',
    ' ;',
    'Version/ ',
    'Opera ',
    '\t',
    'q=0.',
    ',en;',
  ];
  for (const part of parts) {
    const text = part.repeat(Math.ceil(LENGTH / part.length));
    for (const read of [deviceLabel, chooseTexts]) {
      const took = quickest(() => read(text));
      assert.ok(took < PATIENCE, `${read.name} took ${took} ms on ${JSON.stringify(part)}`);
    }
  }
});
