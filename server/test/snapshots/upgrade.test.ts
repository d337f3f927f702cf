import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OAUTH } from '@portico/protocol/routes';
import { verifySeals } from '../../src/audit/verify-seals.ts';
import { readLines } from '../../src/moving/backup-file.ts';
import { inOneTransaction } from '../../src/moving/fill-database.ts';
import { openBackup } from '../../src/moving/read-backup.ts';
import { insertRows } from '../../src/moving/table-rows.ts';
import { MIGRATIONS, migrate } from '../../src/platform/migrate.ts';
import { openBulk } from '../../src/platform/open-bulk.ts';
import { backendOf } from '../backends.ts';
import type { Browser } from '../browser.ts';
import { type FreshDatabase, forEachFreshDatabase } from '../databases.ts';
import { claimsOf } from '../families.ts';
import { ask, refreshing, refusalOf, tokensOf } from '../oauth/ask.ts';
import { heldClock, MINUTE, openWorld, type World } from '../world.ts';
import type { Kept, KeptSite } from './live-through.ts';

/** What each tagged version left in a database, opened by this one: everybody who was signed in still is. */

const FOLDER = import.meta.dirname;
const SNAPSHOTS = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.jsonl'))
  .map((name) => name.slice(0, -'.jsonl'.length));

for (const version of SNAPSHOTS) {
  forEachFreshDatabase(`who was signed in under ${version} is still signed in, and nobody else`, async (fresh) => {
    const database = await fresh({ folder: null });
    await inSnapshot(version, database, async (world, kept) => {
      await adaGoesOn(world, kept);
      await nobodyElseDoes(world, kept);
      await sitesGoOn(world, kept);
      const waiting = withCookies(world, kept.waiting.cookies);
      const typed = await waiting.call('verifySignIn', { securityCode: kept.waiting.code });
      assert.equal(typed.body['status'], 'VERIFIED', typed.text);
    });
  });

  forEachFreshDatabase(`the audit log of ${version} is whole to the last seal, and goes on from there`, async (fresh) => {
    await inSnapshot(version, await fresh({ folder: null }), async (world) => {
      const report = await verifySeals(world.deps);
      assert.deepEqual(report.problems, []);
      assert.ok(report.seals > 0 && report.events > 50, JSON.stringify(report));
    });
  });
}

/** Builds the database as the old version left it, and lets this one bring it up to date as a start does. */
async function inSnapshot(version: string, { where, db }: FreshDatabase, body: (world: World, kept: Kept) => Promise<void>): Promise<void> {
  const kept = JSON.parse(readFileSync(join(FOLDER, `${version}.json`), 'utf8')) as Kept;
  const backup = await openBackup(readLines(join(FOLDER, `${version}.jsonl`)));
  const old = mkdtempSync(join(tmpdir(), 'portico-old-migrations-'));
  try {
    for (const { name } of backup.migrations) cpSync(join(MIGRATIONS, name), join(old, name));
    await migrate(db, old, () => 0);
    // Version 0.6 knew one list of migrations.
    if (version === 'v0.6.0') await db.all('drop table expansions');
  } finally {
    rmSync(old, { recursive: true, force: true });
  }
  const bulk = await openBulk(where);
  try {
    await inOneTransaction(bulk, async () => {
      for await (const { table, rows } of backup.chunks()) await insertRows(bulk, table, rows);
    });
  } finally {
    await bulk.close();
  }
  await migrate(db);
  const masterKey = Buffer.from(kept.masterKey, 'base64url');
  const world = await openWorld(db, { clock: heldClock(kept.takenAt + MINUTE), config: { masterKey } });
  try {
    await body(world, kept);
  } finally {
    await world.close();
  }
}

function withCookies(world: World, cookies: Readonly<Record<string, string>>): Browser {
  const browser = world.browser();
  for (const [name, value] of Object.entries(cookies)) browser.jar.set(name, { value, endsAt: null });
  return browser;
}

async function adaGoesOn(world: World, kept: Kept): Promise<void> {
  const ada = withCookies(world, kept.cookies);
  assert.equal((await ada.call('session')).body['status'], 'VERIFIED');
  const replayed = await ada.refresh({ attempt: kept.lostAttempt });
  assert.equal(replayed.body['kind'], 'replayed', replayed.text);
  const rotated = await ada.refresh();
  assert.equal(rotated.body['kind'], 'rotated', rotated.text);
  assert.equal((await ada.call('me')).body['email'], kept.email);
  const again = await world.browser().signIn(kept.email, kept.password);
  assert.equal(again.status, 200, again.text);
}

async function nobodyElseDoes(world: World, kept: Kept): Promise<void> {
  const name = Object.keys(kept.cookies).find((one) => one.endsWith('_rt')) ?? '';
  const token = kept.cookies[name] ?? '';
  const wrong = `${token.slice(0, 40)}${token[40] === 'A' ? 'B' : 'A'}${token.slice(41)}`;
  const stranger = await withCookies(world, { ...kept.cookies, [name]: wrong }).refresh();
  assert.equal(stranger.body.error, 'refresh_invalid', stranger.text);
  const ended = await withCookies(world, kept.endedCookies).refresh();
  assert.equal(ended.body.error, 'session_ended', ended.text);
  const guessed = await world.browser().signIn(kept.email, `${kept.password}!`);
  assert.equal(guessed.body.error, 'wrong_credentials', guessed.text);
}

async function sitesGoOn(world: World, { shop, legacy, game }: Kept): Promise<void> {
  for (const site of [shop, legacy, game]) {
    const tokens = tokensOf(await ask(world, 'token', site, refreshing(site.refreshToken)));
    const claims = claimsOf(tokens.accessToken);
    assert.deepEqual([claims.aud, claims.roles ?? []], [site.id, site.id === 'shop' ? ['editor'] : []]);
    assert.equal(algOf(tokens.accessToken), site.id === 'legacy' ? 'HS256' : 'ES256');
  }
  const wrong: KeptSite = { ...shop, secret: `${shop.secret}x` };
  assert.equal(refusalOf(await ask(world, 'token', wrong, refreshing(shop.refreshToken))), '401 invalid_client');
  const peek = await backendOf(world.browser(), wrong).call('peek', { refreshToken: shop.refreshToken });
  assert.equal(peek.status, 401, `${OAUTH.token} and the plain calls know the same secret`);
}

function algOf(token: string): unknown {
  return (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { alg: unknown }).alg;
}
