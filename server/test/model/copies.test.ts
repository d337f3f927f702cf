import assert from 'node:assert/strict';
import { COOKIES, HEADERS } from '@portico/protocol/cookies';
import { openVault } from '../../src/keys/open-vault.ts';
import { loadKeyring } from '../../src/keys/rotate-keys.ts';
import type { Keyring } from '../../src/platform/keyring.ts';
import { signAccessToken } from '../../src/sessions/access-token.ts';
import { makeCsrfToken } from '../../src/sessions/csrf.ts';
import { formatRefreshToken, parseRefreshToken } from '../../src/sessions/refresh-chain.ts';
import { findFamily } from '../../src/sessions/refresh-token.ts';
import { findGrant } from '../../src/sessions/session.ts';
import type { Answered, Browser } from '../browser.ts';
import { type FreshDatabase, forEachFreshDatabase, freshDatabase } from '../databases.ts';
import { openWorld, PASSWORD, testConfig, type World } from '../world.ts';
import { dumpDatabase, spellingsOf } from './dump.ts';

/** I7: neither a copy of the database alone nor the master key alone yields a token. */

/** Lives a little in every way that leaves traces, and notes every secret that was handed out or typed. */
async function liveALittle(world: World): Promise<{ ada: Browser; secrets: Map<string, string> }> {
  const secrets = new Map<string, string>();
  const note = (what: string, secret: unknown) => {
    if (typeof secret === 'string' && secret !== '') secrets.set(`${what} ${secrets.size}`, secret);
  };
  const noteAnswer = ({ setCookies, body }: Answered) => {
    for (const line of setCookies) {
      const [, name = '', value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (!name.endsWith(COOKIES.generation)) note(name, value);
    }
    for (const field of ['accessToken', 'csrfToken', 'refreshToken']) note(field, body[field]);
  };
  note('password', PASSWORD);
  const ada = world.browser();
  noteAnswer(await ada.call('signUp', { email: 'ada@example.com', password: PASSWORD }));
  const code = await world.codeFor('ada@example.com');
  note('code', code);
  noteAnswer(await ada.call('verifySignIn', { securityCode: code }));
  for (let times = 0; times < 3; times += 1) {
    const attempt = ada.newAttempt();
    note('attempt', attempt.split('.')[1]);
    noteAnswer(await ada.refresh({ attempt }));
  }
  const changed = 'another canary of seven words to remember';
  note('password', changed);
  noteAnswer(await ada.act('myPassword', { currentPassword: PASSWORD, newPassword: changed }));

  // One that waits for its code, and one that is held and has asked for its way back.
  const eve = world.browser();
  noteAnswer(await eve.call('signUp', { email: 'eve@example.com', password: 'a third canary, typed while waiting' }));
  note('password', 'a third canary, typed while waiting');
  note('code', await world.codeFor('eve@example.com'));
  const bob = world.browser();
  noteAnswer(await bob.signIn('ada@example.com', changed));
  const copy = bob.copy();
  noteAnswer(await copy.refresh());
  assert.equal((await bob.refresh()).body.error, 'session_held');
  noteAnswer(await bob.call('resendCode'));
  note('code', await world.codeFor('ada@example.com'));
  return { ada, secrets };
}

forEachFreshDatabase('no secret that was handed out or typed lies in the database in any spelling', async (fresh) => {
  const { world, database, close } = await openHouse(fresh);
  const { secrets } = await liveALittle(world);
  const { bytes } = await dumpDatabase(database);
  assert.ok(bytes.includes('ada@example.com') && secrets.size > 30, 'the dump is a dump');
  for (const [what, secret] of secrets) {
    if (what.startsWith('code')) {
      assert.ok(!new RegExp(`\\b${secret}\\b`).test(bytes.toString('latin1')), `the ${what} lies in the database`);
      continue;
    }
    const parsed = parseRefreshToken(world.deps.keys, secret);
    const parts = [
      secret,
      ...secret.split('.').filter((part) => part.length > 12),
      ...(parsed ? [parsed.secret.toString('base64url')] : []),
    ];
    for (const spelled of parts.flatMap(spellingsOf)) assert.ok(!bytes.includes(spelled), `the ${what} lies in the database`);
  }
  await close();
});

forEachFreshDatabase('nothing that lies in the database opens anything when it is sent back', async (fresh) => {
  const { world, database, close } = await openHouse(fresh);
  await liveALittle(world);
  const { cells } = await dumpDatabase(database);
  const values = [...new Set(cells.filter((cell) => typeof cell === 'string' && /^[\w.-]{8,4096}$/.test(cell)))] as string[];
  const before = await aliveFamilies(world);
  const open = { accept: 'application/json', 'sec-fetch-site': 'same-origin', origin: 'http://localhost:4000' };
  for (const value of values) {
    const thief = world.browser();
    for (const name of [COOKIES.waiting, COOKIES.access, COOKIES.refresh]) {
      const headers = { ...open, cookie: `${name}=${value}; ${COOKIES.device}=${value}` };
      assert.deepEqual((await thief.call('session', undefined, { headers })).body, { status: 'SIGNED_OUT' });
      assert.equal((await thief.call('me', undefined, { headers })).status, 401);
    }
    assert.equal((await thief.call('me', undefined, { headers: { authorization: `Bearer ${value}` } })).status, 401);
    const spent = await thief.call('refresh', {}, { headers: { ...open, cookie: `${COOKIES.refresh}=ptr_${value}` } });
    assert.equal(spent.body.error, 'refresh_invalid');
  }
  assert.ok(values.length > 40, `only ${values.length} values: no dump`);
  assert.equal(await aliveFamilies(world), before);
  await close();
});

forEachFreshDatabase('a copy of the database does not open without its master key', async (fresh) => {
  const { world, database, close } = await openHouse(fresh);
  await liveALittle(world);
  const stranger = { db: database.db, now: world.clock.now, config: testConfig({ masterKey: Buffer.alloc(32, 8) }) };
  await assert.rejects(openVault(stranger));
  await close();
});

forEachFreshDatabase('the master key alone makes no token, and no database elsewhere does with it', async (fresh, t, dialect) => {
  const { world, close } = await openHouse(fresh);
  const { ada } = await liveALittle(world);
  // An installation of the thief's own, under the same master key.
  const elsewhere = await freshDatabase(dialect, {});
  t.after(() => elsewhere.drop());
  const place = { db: elsewhere.db, now: world.clock.now, config: world.deps.config };
  const forged = await loadKeyring({ ...place, vault: await openVault(place) });
  const own = await forgeAll(world, ada, world.deps.keys);
  const stolen = await forgeAll(world, ada, forged);

  // What the house's own keys make works, so the forgeries fail for want of the keys and of nothing else.
  assert.equal((await ada.call('me', undefined, { headers: { authorization: `Bearer ${own.access}` } })).status, 200);
  assert.notEqual(parseRefreshToken(world.deps.keys, own.refresh), null);
  assert.equal((await ada.call('me', undefined, { headers: { authorization: `Bearer ${stolen.access}` } })).status, 401);
  assert.equal((await ada.call('me', undefined, { headers: { authorization: `Bearer ${stolen.accessUnderOurName}` } })).status, 401);
  assert.equal(parseRefreshToken(world.deps.keys, stolen.refresh), null);
  const signOut = await ada.call('signOut', {}, { headers: { [HEADERS.csrf]: stolen.csrf } });
  assert.equal(signOut.body.error, 'csrf_failed');
  assert.equal((await ada.call('signOut', {}, { headers: { [HEADERS.csrf]: own.csrf } })).status, 204);
  await close();
});

/** Everything that can be made for a session whose facts are all known, with the keys of this ring. */
async function forgeAll(world: World, victim: Browser, keys: Keyring) {
  const now = world.clock.now();
  const token = parseRefreshToken(world.deps.keys, victim.refreshToken);
  assert.ok(token !== null);
  const family = await findFamily(world.deps.db, token.familyId);
  const grant = family === null ? null : await findGrant(world.deps.db, family.sessionId, family.clientId, now);
  assert.ok(grant !== null);
  const deps = { ...world.deps, keys };
  const ourName = world.deps.keys.currentSigning(now).kid;
  const renamed: Keyring = { ...keys, currentSigning: (at) => ({ ...keys.currentSigning(at), kid: ourName }) };
  return {
    access: signAccessToken(deps, grant, now).token,
    accessUnderOurName: signAccessToken({ ...deps, keys: renamed }, grant, now).token,
    refresh: formatRefreshToken(keys.currentChain(now), { familyId: token.familyId, gen: token.gen, issuedAt: now, secret: token.secret }),
    csrf: makeCsrfToken(deps, grant.session.id),
  };
}

async function openHouse(fresh: () => Promise<FreshDatabase>): Promise<{ world: World; database: FreshDatabase; close(): Promise<void> }> {
  const database = await fresh();
  const world = await openWorld(database.db);
  return { world, database, close: () => world.close() };
}

async function aliveFamilies(world: World): Promise<unknown> {
  const [row] = await world.deps.db.all("select count(*) as n, max(gen) as gen from refresh_tokens where state = 'active'");
  return JSON.stringify(row);
}
