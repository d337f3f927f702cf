import assert from 'node:assert/strict';
import type { LogoutTested } from '@portico/ui/admin-views';
import { LOGOUT_TESTS } from '../../src/guessing/limits.ts';
import { createNetwork } from '../../src/platform/network.ts';
import { registerSite } from '../clients/registered.ts';
import { within } from '../counts.ts';
import { claimsOf } from '../families.ts';
import { listeningSite } from '../listening-site.ts';
import { listen } from '../revocations/listener.ts';
import { asked, signInAt, untilAnswered, verifierOf } from '../revocations/verifiers.ts';
import { inWorld, type World } from '../world.ts';
import { eventOf, type Staff, staff } from './staff.ts';

const network = createNetwork({ callWithin: 500, outgoing: { plainHttp: true, loopback: true, networks: [] } });

async function tested(admin: Staff, clientId: string): Promise<LogoutTested> {
  const answer = await admin.act('testLogout', {}, { clientId });
  assert.equal(answer.status, 200, answer.text);
  return answer.body['tested'] as LogoutTested;
}

inWorld(
  'a test of the logout address sends a genuine, marked token about nobody, says what came back, and is limited by host',
  async (world) => {
    const backend = await listeningSite();
    await registerSite(world, 'notes', { backchannelLogoutUri: backend.uri });
    await registerSite(world, 'beside', { backchannelLogoutUri: `${backend.uri}/2` });
    await registerSite(world, 'quiet');
    const admin = await staff(world, 'admin');
    try {
      const taken = await tested(admin, 'notes');
      assert.deepEqual([taken.outcome, taken.status, taken.uri], ['taken', 200, backend.uri]);
      const claims = claimsOf(backend.heard[0]?.get('logout_token') ?? '') as unknown as Record<string, unknown>;
      assert.deepEqual([claims['aud'], claims['sub'], claims['portico_test'], claims['nonce']], ['notes', undefined, true, undefined]);
      assert.deepEqual(await world.deps.db.all('select id from sessions where id = $1', [String(claims['sid'])]), []);
      const event = await eventOf(world, 'client.logout_tested');
      assert.deepEqual([event?.['actor_id'], event?.['target']], [admin.id, 'notes']);
      assert.deepEqual(JSON.parse(String(event?.['after_json'])), { ...taken });
      backend.answer(404);
      assert.deepEqual(Object.values(await tested(admin, 'notes')).slice(1, 3), ['answered', 404]);
      backend.answer('silent');
      const silent = await tested(admin, 'notes');
      assert.deepEqual([silent.outcome, silent.reason], ['silent', 'no answer in time']);
      assert.equal((await admin.act('testLogout', {}, { clientId: 'quiet' })).status, 404, 'it wants to be told nothing');
      backend.answer(200);
      const answers = await Promise.all(
        Array.from({ length: LOGOUT_TESTS.max }, () => admin.act('testLogout', {}, { clientId: 'beside' })),
      );
      assert.equal(answers.filter(({ status }) => status === 429).length, 3, 'whichever site sends there');
      assert.equal(backend.heard.length, LOGOUT_TESTS.max);
    } finally {
      await backend.close();
    }
  },
  { deps: { network } },
);

inWorld('an address inside a network is not called, and the operator is told that and not what is there', async (world) => {
  const admin = await staff(world, 'admin');
  for (const [id, uri] of [
    ['inside', 'https://10.0.0.7/out'],
    ['cloud', 'https://169.254.169.254/latest'],
  ] as const) {
    await registerSite(world, id, { backchannelLogoutUri: uri });
    const { outcome, status, reason } = await tested(admin, id);
    assert.deepEqual([outcome, status, reason], ['refused', null, 'the address is not one that may be called'], uri);
  }
});

/** Milliseconds from the answer of an act to the refusal of a token at a verifier that reads the stream. */
async function toldAfter(world: World, origin: string, admin: Staff, act: 'disableSite' | 'removeSite'): Promise<number> {
  const site = await registerSite(world, act.toLowerCase());
  const browser = await world.signedUp(`${act}@example.com`);
  const { access } = await signInAt(world, browser, site);
  const verifier = verifierOf(world, origin, site);
  try {
    await verifier.ready;
    assert.match(await asked(verifier, access), /^200 /);
    assert.equal((await admin.act(act, { confirm: site.id }, { clientId: site.id })).status, 204);
    const startedAt = performance.now();
    await untilAnswered('401 token_revoked', () => asked(verifier, access));
    return performance.now() - startedAt;
  } finally {
    verifier.close();
  }
}

inWorld('a site that is disabled or removed on the admin page is refused by its own verifiers within a second', async (world) => {
  const [admin, origin] = [await staff(world, 'admin'), await listen(world.app)];
  for (const act of ['disableSite', 'removeSite'] as const) {
    const took = await toldAfter(world, origin, admin, act);
    assert.ok(took < within(1000), `${act}: ${took} ms`);
  }
});
