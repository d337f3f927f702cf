import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ACTIONS } from '../../src/audit/event.ts';
import { SETTINGS } from '../../src/config.ts';
import * as limits from '../../src/guessing/limits.ts';
import { RESEND_PAUSE, SENDS, TRIES } from '../../src/guessing/security-code.ts';
import { BODY_LIMIT } from '../../src/http/server.ts';
import { CHAIN_KEY_IDS } from '../../src/keys/chain-key.ts';
import { CONFIRM_LIFE, INVITATION_LIFE, RESET_LIFE, UNDO_LIFE } from '../../src/mail/link-lives.ts';
import { PASSWORD_BYTES_MAX } from '../../src/platform/password-hasher.ts';
import { PURPOSES } from '../../src/platform/vault.ts';
import { FOLLOWERS_MAX } from '../../src/revocations/follow.ts';
import { DEVICE_COOKIE_AGE } from '../../src/sessions/answer.ts';
import { FORM_TOKEN_LIFE } from '../../src/sessions/csrf.ts';
import { LIVE_FAMILIES } from '../../src/sessions/refresh-token.ts';
import { BROWSER_SESSION_LIFE, HELD_WAIT } from '../../src/sessions/session.ts';
import { PEEK_PREVIOUS } from '../../src/sessions/spend-refresh-token.ts';
import { TICKET_LIFE } from '../../src/sessions/ticket.ts';
import { cellOf, firstColumn, millisecondsOf, tableUnder } from './document.ts';
import { installation } from './forged-tokens.ts';
import { ROOT, sourceFiles } from './source.ts';

/** The lists of docs/threats.md are those of the program: what is counted, kept, sealed, written down, and for how long. */

test('every limit of the program stands in the document with its number and its window', () => {
  const written = tableUnder('Limits').map(([name = '', most = '', within = '']) => [name, [Number(most), millisecondsOf(within)]]);
  const real = Object.values(limits).map(({ name, max, window }) => [name, [max, window]]);
  assert.equal(written.length, real.length);
  assert.deepEqual(Object.fromEntries(written), Object.fromEntries(real));
});

test('every other bound stands there as it is', () => {
  const real: Readonly<Record<string, number>> = {
    'tries for one code': TRIES,
    'codes for one waiting session': SENDS,
    'seconds between two codes': RESEND_PAUSE / 1000,
    'bytes of a request body': BODY_LIMIT,
    'bytes of a password': PASSWORD_BYTES_MAX,
    'living refresh families for each session and client': LIVE_FAMILIES,
    'streams of revocations for each client and node': FOLLOWERS_MAX,
    'chain keys at a time': CHAIN_KEY_IDS,
  };
  assert.deepEqual(Object.fromEntries(tableUnder('Bounds').map(([name = '', value]) => [name, Number(value)])), real);
});

test('every life that is written down is the one that the program has', () => {
  const defaults = { '5m': 'accessTokenLife', '30d': 'sessionLife', '12h': 'unverifiedLife', '10m': 'codeLife' } as const;
  for (const [standard, field] of Object.entries(defaults)) assert.equal(SETTINGS[field].standard, standard);
  assert.equal(SETTINGS.sessionIdle.standard, '30d');
  const real: Readonly<Record<string, number>> = {
    'sign-in, absolute': 30 * 86_400_000,
    'sign-in, idle': 30 * 86_400_000,
    'sign-in without "keep me signed in"': BROWSER_SESSION_LIFE,
    'held sign-in': HELD_WAIT,
    'waiting sign-up': 12 * 3_600_000,
    'code by mail': 10 * 60_000,
    'link to a new password': RESET_LIFE,
    'link to a new address': CONFIRM_LIFE,
    'link back to the old address': UNDO_LIFE,
    invitation: INVITATION_LIFE,
    'access token': 5 * 60_000,
    'known device': DEVICE_COOKIE_AGE * 1000,
    'token of a sign-in form': FORM_TOKEN_LIFE,
    'rendered pages with the previous refresh token': PEEK_PREVIOUS,
    'sign-in ticket, join ticket': TICKET_LIFE,
  };
  assert.deepEqual(Object.fromEntries(tableUnder('Lives').map(([name = '', life = '']) => [name, millisecondsOf(life)])), real);
});

test('every table of the database has its class, its protection and its end', () => {
  const folder = join(ROOT, 'server', 'migrations');
  const sql = readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
  const tables = [...sql.matchAll(/create table (\w+)/g)].map(([, name = '']) => name);
  assert.deepEqual([...firstColumn('Data')].sort(), tables.sort());
  for (const row of tableUnder('Data')) assert.ok(row.length === 5 && row.every((cell) => cell !== ''), row.join());
});

test('no table has room for a hint, a secret question or a password in the clear', () => {
  const folder = join(ROOT, 'server', 'migrations');
  const sql = readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n')
    .replace(/--.*$/gm, '');
  assert.doesNotMatch(sql, /\b(?:hint|question|answer|password|code|token|secret)\b(?!_hash)[^,\n]* (?:text|bigint)/i);
});

test('an access token says what the document says, and nothing more', async () => {
  const { claims } = await installation();
  assert.deepEqual([...firstColumn('What an access token says')].sort(), Object.keys(claims).sort());
});

test('every event of the audit log is described', () => {
  assert.deepEqual([...firstColumn('Events')].sort(), [...ACTIONS].sort());
});

test('every purpose for which a key is derived or a text is sealed stands among the keys', () => {
  const sources = sourceFiles('server/src')
    .map(({ text }) => text)
    .join('\n');
  const derived = [...PURPOSES, ...[...sources.matchAll(/deriveKey\(masterKey, '([^']+)'\)/g)].map(([, purpose = '']) => purpose)];
  const sealed = [...sources.matchAll(/sealLabel = \([^)]*\) => `(\w+) /g)].map(([, label = '']) => label);
  assert.ok(derived.length >= 4 && sealed.length >= 3);
  const written = tableUnder('Cryptography')
    .map((row) => row.join(' '))
    .join('\n');
  for (const purpose of [...derived, ...sealed]) assert.ok(written.includes(purpose), purpose);
  assert.match(cellOf('Cryptography', 'passwords', 1), /argon2id, m=19456, t=2, p=1/);
});
