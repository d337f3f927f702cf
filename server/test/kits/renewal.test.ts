import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { EXTERNAL_PATHS, EXTERNAL_PREFIX, REVOCATIONS } from '@portico/protocol/routes';
import { createPorticoSite } from '@portico/server/site';
import { insertAuthenticationSecret } from '../../src/clients/client-secret.ts';
import { setRoles } from '../../src/clients/set-roles.ts';
import { tokenHash } from '../../src/platform/crypto.ts';
import { OPERATOR } from '../clients/registered.ts';
import { actions, sessionOf } from '../families.ts';
import { freePort } from '../portico-process.ts';
import { untilAnswered } from '../revocations/verifiers.ts';
import { addSite, basicOf } from '../sites.ts';
import { DAY, HOUR, MINUTE } from '../world.ts';
import { onSite, type SiteStage, said, sitePath, type Visitor } from './site-stage.ts';

const REFRESH = EXTERNAL_PREFIX + EXTERNAL_PATHS.refresh;

async function signedIn(stage: SiteStage, email = 'ada@example.com'): Promise<Visitor> {
  const visitor = await stage.visitor(email);
  assert.equal((await visitor.signIn()).status, 302);
  return visitor;
}

const expire = (stage: SiteStage) => stage.advance(6 * MINUTE);
const renew = (visitor: Visitor) => visitor.ask(sitePath('refresh'), { method: 'POST' });
/** `<generation>.<token>`, as it lies in the cookie. */
const heldBy = ({ jar }: Visitor) => jar.get('notes_rt') ?? '';
const rotations = async (stage: SiteStage) =>
  (await stage.world.deps.db.all("select gen from refresh_tokens where client_id = 'notes' and state = 'active' order by gen", [])).map(
    ({ gen }) => Number(gen),
  );

onSite('twenty parts of a page at once with a token that has expired are one rotation, and twenty answers', async (stage) => {
  await stage.run();
  const ada = await signedIn(stage);
  expire(stage);
  const parts = await Promise.all(Array.from({ length: 20 }, () => ada.ask('/notes')));
  assert.deepEqual(new Set(parts.map(({ status }) => status)), new Set([200]));
  assert.deepEqual(await rotations(stage), [1]);
  assert.equal((await ada.ask('/notes')).status, 200);
});

onSite('one process asks once for each token, however many requests wait for the answer', async (stage) => {
  await stage.run();
  const ada = await signedIn(stage);
  expire(stage);
  const site = createPorticoSite(stage.options);
  stage.defer(async () => site.close());
  const cookie = [...ada.jar].map((pair) => pair.join('=')).join('; ');
  const before = stage.wire.asked.length;
  const visits = await Promise.all(Array.from({ length: 20 }, () => site.user(new Request(stage.base, { headers: { cookie } }))));
  assert.ok(visits.every(({ user, cookies }) => user?.email === 'ada@example.com' && cookies.length === 3));
  assert.equal(stage.wire.asked.slice(before).filter((path) => path === REFRESH).length, 1);

  // Where no cookie can be set nothing is spent.
  expire(stage);
  const kept = visits[0]?.cookies.map((line) => line.split(';')[0]).join('; ') ?? '';
  const peeked = await site.peek(new Request(stage.base, { headers: { cookie: kept } }));
  assert.deepEqual([peeked.user?.email, peeked.cookies], ['ada@example.com', []]);
  assert.deepEqual(await rotations(stage), [1]);
});

onSite(
  'processes of one site that share a cookie and renew at the same moment get one successor, and nobody is signed out',
  async (stage) => {
    const ports = await Promise.all(Array.from({ length: 3 }, freePort));
    const bases = [await stage.run()];
    for (const at of ports) bases.push(await stage.run({ at }));
    const ada = await signedIn(stage);
    for (let round = 1; round <= 5; round += 1) {
      expire(stage);
      stage.wire.gather(REFRESH, bases.length);
      const answers = await Promise.all(bases.map((base) => ada.ask('/notes', { base })));
      assert.deepEqual(
        answers.map(({ status }) => status),
        bases.map(() => 200),
      );
      const held = answers.map((answer) => /notes_rt=([^;]+)/.exec(answer.headers.getSetCookie().join())?.[1]);
      assert.equal(new Set(held).size, 1);
      assert.deepEqual(await rotations(stage), [round]);
    }
  },
);

onSite(
  'while the secret is being replaced, a process with the old one and one with the new one still say the same attempt',
  async (stage) => {
    const clientSecret = `pts_${randomBytes(32).toString('base64url')}`;
    const row = { id: randomBytes(16).toString('base64url'), clientId: 'notes', hash: tokenHash(clientSecret) };
    await insertAuthenticationSecret(stage.world.deps.db, row, stage.world.clock.now());
    const bases = [await stage.run(), await stage.run({ at: await freePort(), clientSecret })];
    const ada = await signedIn(stage);
    expire(stage);
    stage.wire.gather(REFRESH, 2);
    const answers = await Promise.all(bases.map((base) => ada.ask('/notes', { base })));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200],
    );
    assert.ok(!(await actions(stage.world)).includes('refresh.reuse'));
  },
);

onSite('an answer that was lost on either side is given again, a moment, an hour or ten days later', async (stage) => {
  await stage.run();
  const ada = await signedIn(stage);
  for (const wait of [0, HOUR, 10 * DAY]) {
    expire(stage);
    // Between Portico and the site: the browser is told to come back, and keeps what it has.
    const before = heldBy(ada);
    stage.wire.loseAnswerOf(REFRESH);
    assert.equal(await said(await renew(ada)), '503 unavailable');
    assert.equal(heldBy(ada), before);
    stage.advance(wait);
    const again = await renew(ada);
    assert.deepEqual([again.status, ((await again.json()) as { kind: string }).kind], [200, 'replayed']);
    // Between the site and the browser.
    expire(stage);
    await ada.ask('/notes', { lose: true });
    stage.advance(wait);
    assert.equal((await ada.ask('/notes')).status, 200);
  }
});

onSite('a jar that fell back to an older cookie goes on; so does one whose answers arrive in the other order', async (stage) => {
  await stage.run();
  const ada = await signedIn(stage);
  const old = ada.copy();
  for (let times = 0; times < 4; times += 1) assert.equal((await renew(ada)).status, 200);
  assert.equal((await renew(old)).status, 200, 'four steps behind');
  assert.equal(heldBy(old), heldBy(ada));
});

onSite('nobody is signed out because Portico cannot be reached: 503, the cookies stay, and it goes on when it is back', async (stage) => {
  await stage.run();
  const ada = await signedIn(stage);
  expire(stage);
  const before = new Map(ada.jar);
  stage.wire.cut(true);
  for (const [path, method] of [
    ['/notes', 'GET'],
    [sitePath('me'), 'GET'],
    [sitePath('refresh'), 'POST'],
    [sitePath('signOut'), 'POST'],
  ] as const) {
    const answer = await ada.ask(path, { method });
    assert.deepEqual([path, answer.status, answer.headers.getSetCookie()], [path, 503, []]);
    assert.equal(answer.headers.get('retry-after'), '1');
  }
  const fresh = await stage.run({ at: await freePort() });
  assert.equal((await ada.ask(sitePath('signIn'), { base: fresh })).status, 503, 'a page says so');
  assert.deepEqual(ada.jar, before);
  stage.wire.cut(false);
  assert.equal((await ada.ask('/notes')).status, 200);

  // Out of this site alone needs nobody's word: the cookies go.
  stage.wire.cut(true);
  const local = { method: 'POST', body: '{"local":true}', headers: { 'content-type': 'application/json' } };
  assert.equal((await ada.ask(sitePath('signOut'), local)).status, 204);
  assert.equal(ada.jar.size, 0);
});

onSite(
  'a copied refresh cookie is nothing at Portico, nothing at another site, and ends this site when owner and thief part',
  async (stage) => {
    await stage.run();
    const ada = await signedIn(stage);
    const thief = ada.copy();
    const [, refreshToken = ''] = heldBy(ada).split('.');
    const attempt = `0.${'A'.repeat(22)}`;
    const wiki = await addSite(stage.world, 'wiki');
    for (const [headers, answered] of [
      [{}, 401],
      [{ authorization: basicOf(wiki) }, 400],
    ] as const) {
      const asked = {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ refreshToken, attempt }),
      };
      assert.equal((await fetch(stage.options.issuer + REFRESH, asked)).status, answered);
    }
    assert.equal((await renew(ada)).status, 200, 'and neither changed anything');
    for (let times = 0; times < 4; times += 1) assert.equal((await renew(ada)).status, 200);
    expire(stage);
    // Five steps behind: no retry of this browser comes so late.
    assert.equal(await said(await renew(thief)), '400 session_ended');
    assert.equal(await said(await renew(ada)), '400 session_ended');
    assert.ok((await actions(stage.world)).includes('refresh.reuse'));
    assert.equal((await ada.portico.call('session')).body['status'], 'VERIFIED', 'one site, not all of them');
    assert.equal((await ada.signIn()).status, 302);
    assert.equal((await ada.ask('/notes')).status, 200);
    assert.equal((await thief.ask('/notes')).status, 401);
  },
);

onSite('what has ended is asked about once a minute, and no refusal removes a cookie: a newer sign-in may have set it', async (stage) => {
  await stage.run();
  const ada = await signedIn(stage);
  await ada.portico.act('signOut');
  expire(stage);
  const before = stage.wire.asked.length;
  for (let times = 0; times < 5; times += 1) {
    const answer = await ada.ask('/notes');
    assert.deepEqual([answer.status, answer.headers.getSetCookie()], [401, []]);
  }
  const refused = await renew(ada);
  assert.deepEqual([await said(refused.clone()), refused.headers.getSetCookie()], ['400 session_ended', []]);
  assert.equal(stage.wire.asked.slice(before).filter((path) => path === REFRESH).length, 1);
  ada.jar.clear();
  assert.equal(await said(await renew(ada)), '400 refresh_invalid');
});

onSite('a held sign-in is none: the guard says 401, the refresh where the mailed code is typed', async (stage) => {
  await stage.run();
  const ada = await signedIn(stage);
  const thief = ada.portico.copy();
  await thief.refresh();
  await ada.portico.refresh();
  expire(stage);
  const held = await renew(ada);
  const { error, verifyUrl } = (await held.json()) as { error: string; verifyUrl: string };
  assert.deepEqual([held.status, error], [403, 'session_held']);
  assert.match(verifyUrl, /\/auth\/verify-signin$/);
  assert.equal(await said(await ada.ask('/notes')), '401 signed_out');
  assert.equal(await said(await ada.ask(sitePath('me'))), '401 signed_out');
});

onSite(
  'while others are busy with the token a guard says 503 and the refresh says retry: neither shows the sign-in page',
  async (stage) => {
    await stage.run();
    const ada = await signedIn(stage);
    expire(stage);
    const own = heldBy(ada);
    // The generation of another tab's cookie: Portico says to come back with one that fits.
    ada.jar.set('notes_rt', own.replace(/^0/, '7'));
    assert.equal(await said(await renew(ada)), '409 retry');
    assert.equal(await said(await ada.ask('/notes')), '503 unavailable');
    ada.jar.set('notes_rt', own);
    assert.equal((await ada.ask('/notes')).status, 200, 'and it cost nothing');
  },
);

onSite('a role that is taken away is gone at the site within the second, and the sign-in goes on without it', async (stage) => {
  await stage.run();
  const ada = await stage.visitor('ada@example.com');
  const { deps } = stage.world;
  const { userId } = await sessionOf(stage.world, ada.portico);
  await setRoles(deps, OPERATOR, { userId: userId ?? '', clientId: 'notes', roles: ['editor'] });
  assert.equal((await ada.signIn()).status, 302);
  const remove = async () => (await ada.ask('/notes', { method: 'DELETE' })).status;
  assert.equal(await remove(), 200);
  await setRoles(deps, OPERATOR, { userId: userId ?? '', clientId: 'notes', roles: [] });
  await untilAnswered('403', async () => String(await remove()));
  assert.equal((await ada.ask('/notes')).status, 200);
});

onSite('the process that signed somebody out knows it at once, though it hears of no revocation', async (stage) => {
  stage.wire.block([REVOCATIONS.stream, REVOCATIONS.poll]);
  await stage.run({ revocation: 'accept' });
  const ada = await signedIn(stage);
  const copy = ada.copy();
  for (const name of ['notes_rt', 'notes_who']) copy.jar.delete(name);
  assert.equal((await copy.ask('/notes')).status, 200);
  assert.equal((await ada.ask(sitePath('signOut'), { method: 'POST' })).status, 204);
  assert.equal((await copy.ask('/notes')).status, 401);
});
