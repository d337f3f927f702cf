import assert from 'node:assert/strict';
import { disableClient, enableClient, removeClient } from '../../src/clients/retire-client.ts';
import { insertFamily } from '../../src/sessions/refresh-token.ts';
import { everything, familyOf, sessionOf } from '../families.ts';
import { ask, redeeming, refreshing, refusalOf } from '../oauth/ask.ts';
import { codeFor } from '../sites.ts';
import { DAY, inWorld, MINUTE, type World } from '../world.ts';
import { OPERATOR, registerSite, tokensAt } from './registered.ts';

const TOLD = 'https://notes.example.net/logged-out';

async function logoutsOf(world: World): Promise<readonly unknown[]> {
  const rows = await world.deps.db.all('select client_id, uri, alg, session_id, user_id from logouts order by client_id, session_id');
  return rows.map((row) => ({ ...row }));
}

inWorld(
  'a disabled site opens nothing: its tokens, its refresh, its codes and its secret are refused, and its backend is told',
  async (world) => {
    const [notes, other] = [
      await registerSite(world, 'notes', { backchannelLogoutUri: TOLD, idAlg: 'RS256' }),
      await registerSite(world, 'other'),
    ];
    const browser = await world.signedUp('ada@example.com');
    const tokens = await tokensAt(world, browser, notes);
    await tokensAt(world, browser, notes);
    const kept = await tokensAt(world, browser, other);
    const code = await codeFor(world, browser, notes);
    const { id: sid, userId } = await sessionOf(world, browser);

    const done = await disableClient(world.deps, OPERATOR, 'notes');
    assert.deepEqual([done?.ended, done?.client.cv], [2, 2]);
    assert.deepEqual(
      await logoutsOf(world),
      [{ client_id: 'notes', uri: TOLD, alg: 'RS256', session_id: sid, user_id: userId }],
      'once for each session',
    );
    for (const fields of [refreshing(tokens.refreshToken), redeeming(notes, code)])
      assert.equal(refusalOf(await ask(world, 'token', notes, fields)), '401 invalid_client');
    assert.equal((await familyOf(world, tokens.refreshToken)).state, 'revoked');
    assert.ok(world.deps.revoked.isRevoked({ aud: 'notes', sub: 'x', cv: 1 }), 'at once here');
    const [row] = await world.deps.db.all("select subject, minimum_uv from revocations where kind = 'client'");
    assert.deepEqual({ ...row }, { subject: 'notes', minimum_uv: 2 }, 'and within a second everywhere else');

    assert.equal((await ask(world, 'introspect', other, { token: kept.accessToken })).body['active'], true, 'another site goes on');
    assert.equal((await ask(world, 'token', other, refreshing(kept.refreshToken))).status, 200);
    assert.equal((await browser.refresh()).status, 200, 'and so does the session');

    assert.equal((await enableClient(world.deps, OPERATOR, 'notes'))?.cv, 3);
    assert.equal(refusalOf(await ask(world, 'token', notes, refreshing(tokens.refreshToken))), '400 invalid_grant', 'what ended stays so');
    const again = await tokensAt(world, browser, notes);
    assert.equal((await ask(world, 'introspect', notes, { token: again.accessToken })).body['active'], true);
    assert.equal((await ask(world, 'introspect', notes, { token: tokens.accessToken })).body['active'], false);
    const actions = await world.deps.db.all(
      "select action from events where client_id = 'notes' and action like 'client.%abled' order by at, action",
    );
    assert.deepEqual(
      actions.map((one) => String(one['action'])).sort((a, b) => a.localeCompare(b)),
      ['client.disabled', 'client.enabled'],
    );
  },
);

inWorld('a sign-in that was being made while its site was disabled does not rise again with the site', async (world) => {
  const notes = await registerSite(world, 'notes');
  const browser = await world.signedUp('ada@example.com');
  await disableClient(world.deps, OPERATOR, 'notes');
  // The statement that read the client came before, the one that writes the family after.
  const { id: sessionId, userId, expiresAt } = await sessionOf(world, browser);
  const now = world.clock.now();
  const late = await world.deps.db.transaction((tx) =>
    insertFamily(
      tx,
      { key: world.deps.keys.currentChain(now), random: world.deps.random, now },
      { sessionId, clientId: 'notes', userId: userId ?? '', deviceHash: null, expiresAt, idleAt: now + DAY },
    ),
  );
  await enableClient(world.deps, OPERATOR, 'notes');
  assert.equal(refusalOf(await ask(world, 'token', notes, refreshing(late.refreshToken))), '400 invalid_grant');
});

inWorld(
  'enabling a site that is in service changes nothing, and neither act finds a client that is not there or is our own',
  async (world) => {
    const notes = await registerSite(world, 'notes');
    const tokens = await tokensAt(world, await world.signedUp('ada@example.com'), notes);
    const before = await everything(world);
    assert.equal((await enableClient(world.deps, OPERATOR, 'notes'))?.cv, 1);
    for (const act of [disableClient, enableClient, removeClient]) assert.equal(await act(world.deps, OPERATOR, 'nobody'), null);
    for (const act of [disableClient, removeClient]) assert.equal(await act(world.deps, OPERATOR, 'portico'), null);
    assert.deepEqual(await everything(world), before);
    assert.equal((await ask(world, 'token', notes, refreshing(tokens.refreshToken))).status, 200);
  },
);

inWorld(
  'a removed site is gone with all that hung from it, its backend is still told, and another one under its name gets good tokens',
  async (world) => {
    const notes = await registerSite(world, 'notes', { backchannelLogoutUri: TOLD, roles: ['editor'] });
    const other = await registerSite(world, 'other');
    const ada = await world.signedUp('ada@example.com');
    const tokens = await tokensAt(world, ada, notes);
    const kept = await tokensAt(world, ada, other);
    assert.equal((await removeClient(world.deps, OPERATOR, 'notes'))?.ended, 1);
    for (const table of ['client_secrets', 'refresh_tokens', 'client_roles', 'consents', 'authorization_codes'])
      assert.equal((await world.deps.db.all(`select client_id from ${table} where client_id = 'notes'`)).length, 0, table);
    assert.equal((await world.deps.db.all("select id from clients where id = 'notes'")).length, 0);
    assert.deepEqual((await logoutsOf(world)).length, 1);
    assert.equal(refusalOf(await ask(world, 'token', notes, refreshing(tokens.refreshToken))), '401 invalid_client');
    assert.ok(world.deps.revoked.isRevoked({ aud: 'notes', sub: 'x', cv: 1 }));
    assert.equal((await ask(world, 'token', other, refreshing(kept.refreshToken))).status, 200);
    assert.equal((await world.deps.db.all("select id from events where action = 'client.removed' and client_id = 'notes'")).length, 1);

    world.clock.advance(MINUTE);
    const again = await registerSite(world, 'notes');
    const fresh = await tokensAt(world, ada, again);
    assert.equal(
      (await ask(world, 'introspect', again, { token: fresh.accessToken })).body['active'],
      true,
      'begins where the revocation ends',
    );
    assert.equal((await ask(world, 'introspect', again, { token: tokens.accessToken })).body['active'], false);
    assert.equal(refusalOf(await ask(world, 'token', again, refreshing(tokens.refreshToken))), '400 invalid_grant');
    assert.equal(
      refusalOf(await ask(world, 'token', { ...again, secret: notes.secret }, refreshing(fresh.refreshToken))),
      '401 invalid_client',
    );
  },
);

inWorld('redemptions and refreshes that race with disabling leave nothing that lives, whoever was first', async (world) => {
  const notes = await registerSite(world, 'notes');
  const browser = await world.signedUp('ada@example.com');
  for (let round = 0; round < 6; round += 1) {
    const codes = await Promise.all([0, 1, 2].map(() => codeFor(world, browser, notes)));
    const { refreshToken } = await tokensAt(world, browser, notes);
    const [, ...answers] = await Promise.all([
      disableClient(world.deps, OPERATOR, 'notes'),
      ask(world, 'token', notes, refreshing(refreshToken)),
      ...codes.map((code) => ask(world, 'token', notes, redeeming(notes, code))),
    ]);
    await enableClient(world.deps, OPERATOR, 'notes');
    for (const answer of answers) {
      assert.ok([200, 400, 401, 503].includes(answer.status), answer.text);
      if (answer.status !== 200) continue;
      const { access_token: token, refresh_token: refresh } = answer.body as Record<string, string>;
      assert.equal((await ask(world, 'introspect', notes, { token: token ?? '' })).body['active'], false);
      assert.equal(refusalOf(await ask(world, 'token', notes, refreshing(refresh ?? ''))), '400 invalid_grant');
    }
  }
});
