import assert from 'node:assert/strict';
import { SYSTEM } from '@portico/protocol/routes';
import { commandLine } from '../../src/cli/command-line.ts';
import { dropChainKey, dropSigningKey } from '../../src/keys/drop-key.ts';
import { reloadKeyring, rotateKeys } from '../../src/keys/rotate-keys.ts';
import { NOTHING_READ, readRevocations } from '../../src/revocations/watch.ts';
import type { Browser } from '../browser.ts';
import { actions, refreshByBody, sessionOf } from '../families.ts';
import { onTwoNodes } from '../nodes.ts';
import { addSite, openSite } from '../sites.ts';
import { inWorld, MINUTE, PASSWORD, type World } from '../world.ts';

/** A key that may be known is ended: what was made with it is worth nothing within a second, and everything else goes on. */

const from = { requestId: 'cli', address: '', userAgent: 'portico' };

async function rotated(...nodes: readonly World[]): Promise<void> {
  const [first] = nodes;
  assert.ok(first !== undefined);
  await rotateKeys(first.deps, commandLine(first.deps));
  first.clock.advance(MINUTE);
  for (const node of nodes) await reloadKeyring(node.deps);
}

async function read(node: World): Promise<void> {
  await readRevocations(node.deps, NOTHING_READ);
  await reloadKeyring(node.deps);
}

const bearerOf = async (browser: Browser) => String((await browser.refresh()).body['accessToken']);
const me = async (node: World, bearer: string) =>
  (await node.browser().call('me', undefined, { headers: { authorization: `Bearer ${bearer}` } })).status;

onTwoNodes(
  'with a chain key end the sessions that were made with it, at every site and node; a site opened with it elsewhere ends alone',
  async (first, second) => {
    const game = await addSite(first, 'game', { kind: 'native', backchannelLogoutUri: 'https://game.example.net/logout' });
    const victim = await first.signedUp('ada@example.com');
    const old = await openSite(first, victim, game);
    await rotated(first, second);
    const newer = await openSite(first, victim, game);
    const bystander = await first.signedUp('bob@example.com');
    const kept = await openSite(first, bystander, game);
    // A device of Ada's, approved before: its family has the old key, and no browser's family hangs beside it.
    const stray = await openSite(first, bystander, game);
    await first.deps.db.all('update refresh_tokens set key_id = 0 where id = $1', [stray.family.id]);
    const bearer = await bearerOf(victim);
    const outcome = await dropChainKey(first.deps, from, 0);
    assert.deepEqual(outcome, { kind: 'dropped', families: 3 });

    assert.equal((await sessionOf(first, bystander)).state, 'active');
    const [session] = await first.deps.db.all('select state, ended_reason from sessions where id = $1', [old.grant.session.id]);
    assert.deepEqual({ ...session }, { state: 'revoked', ended_reason: 'key_dropped' });
    for (const node of [first, second]) await read(node);
    for (const node of [first, second]) {
      assert.equal(await me(node, bearer), 401);
      assert.equal(
        (await refreshByBody(node, newer.family.refreshToken, 'game')).body.error,
        'session_ended',
        'the newer key too: one session',
      );
      assert.equal((await refreshByBody(node, old.family.refreshToken, 'game')).body.error, 'refresh_invalid');
      assert.ok(node.deps.revoked.isRevoked({ aud: 'game', sub: '', fid: stray.family.id }));
    }
    assert.equal((await bystander.refresh()).status, 200);
    const told = await first.deps.db.all('select session_id from logouts order by session_id');
    assert.deepEqual(told.map((row) => String(row['session_id'])).sort(), [old.grant.session.id, kept.grant.session.id].sort());
    assert.deepEqual((await actions(first)).filter((action) => /key|ended|left/.test(action)).sort(), [
      'key.dropped',
      'keys.rotated',
      'session.ended',
      'site.left',
    ]);
    const [event] = await first.deps.db.all("select reason, user_agent from events where action = 'key.dropped'");
    assert.deepEqual({ ...event }, { reason: 'chain 0', user_agent: 'portico' });
    assert.equal((await victim.signIn('ada@example.com', PASSWORD)).status, 200);
  },
);

inWorld('the chain key in use stays, an unknown one is told, and a command that was killed is given again', async (world) => {
  assert.deepEqual(await dropChainKey(world.deps, from, 0), { kind: 'in_use' });
  assert.deepEqual(await dropChainKey(world.deps, from, 7), { kind: 'unknown' });
  const browser = await world.signedUp('ada@example.com');
  for (let n = 0; n < 3; n += 1) await world.browser().signIn('ada@example.com', PASSWORD);
  await rotated(world);
  let calls = 0;
  const dying = {
    ...world.deps,
    random: (bytes: number) => {
      calls += 1;
      if (calls > 4) throw new Error('killed');
      return world.deps.random(bytes);
    },
  };
  await assert.rejects(dropChainKey(dying, from, 0), /killed/);
  assert.ok((await dropChainKey(world.deps, from, 0)).kind === 'dropped');
  assert.deepEqual(await world.deps.db.all("select id from refresh_tokens where key_id = 0 and state in ('active', 'held')"), []);
  await reloadKeyring(world.deps);
  assert.deepEqual(await dropChainKey(world.deps, from, 0), { kind: 'unknown' });
  assert.equal((await browser.refresh()).body.error, 'refresh_invalid');
});

inWorld('many families end in parts, held ones among them, and each leaves its revocation', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const game = await addSite(world, 'game', { kind: 'native' });
  await openSite(world, browser, game);
  const { id } = await sessionOf(world, browser);
  const [user] = await world.deps.db.all('select user_id from sessions where id = $1', [id]);
  await rotated(world);
  await world.deps.db.transaction(async (tx) => {
    for (let n = 0; n < 120; n += 1) {
      const state = n % 10 === 0 ? 'held' : 'active';
      await tx.all(
        `insert into sessions (id, user_id, state, persistence, amr, auth_time, csrf_from, user_agent, address, created_at, touched_at, expires_at, kind)
         values ($1, $2, $3, 'kept', '[]', 0, 0, '', '', 0, 0, $4, 'device')`,
        [`s${n}`, user?.['user_id'] ?? null, state, world.clock.now() + MINUTE],
      );
      await tx.all(
        `insert into refresh_tokens (id, session_id, client_id, user_id, key_id, gen, cur_hash, ring, state, created_at, rotated_at, expires_at, idle_at)
         values ($1, $2, 'game', $3, 0, 0, $1, '', $4, 0, 0, $5, $5)`,
        [`f${n}`, `s${n}`, user?.['user_id'] ?? null, state, world.clock.now() + MINUTE],
      );
    }
  });
  assert.deepEqual(await dropChainKey(world.deps, from, 0), { kind: 'dropped', families: 122 });
  const [count] = await world.deps.db.all("select count(*) as n from revocations where kind = 'family'");
  assert.equal(count?.['n'], 120);
});

onTwoNodes(
  'what a dropped signing key has signed is refused at every node within a reading, and verifiers find it no more',
  async (first, second) => {
    const browser = await first.signedUp('ada@example.com');
    const old = first.deps.keys.currentSigning(first.clock.now()).kid;
    const before = await bearerOf(browser);
    assert.deepEqual(await dropSigningKey(first.deps, from, old), { kind: 'in_use' });
    assert.deepEqual(await dropSigningKey(first.deps, from, 'k'.repeat(43)), { kind: 'unknown' });
    await rotated(first, second);
    const after = await bearerOf(browser);
    assert.deepEqual([await me(first, before), await me(second, before), await me(first, after)], [200, 200, 200]);
    assert.deepEqual(await dropSigningKey(first.deps, from, old), { kind: 'dropped', families: 0 });
    assert.equal(await me(first, before), 401);
    // The revocation alone is enough: a node reads keys every ten seconds, and verifiers keep them for half a minute.
    await readRevocations(second.deps, NOTHING_READ);
    assert.ok(second.deps.keys.signing(old) !== null);
    assert.deepEqual([await me(second, before), await me(first, after), await me(second, after)], [401, 200, 200]);
    for (const node of [first, second]) await read(node);
    for (const node of [first, second]) {
      const { keys } = (await node.browser().send('GET', SYSTEM.jwks)).body as unknown as { keys: { kid: string }[] };
      assert.ok(keys.length >= 3 && keys.every(({ kid }) => kid !== old));
    }
    assert.deepEqual(await dropSigningKey(first.deps, from, old), { kind: 'unknown' });
    assert.equal((await browser.refresh()).status, 200, 'nobody is signed out');
    assert.ok((await actions(first)).includes('key.dropped'));
  },
);
