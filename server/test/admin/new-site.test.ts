import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADMIN_PAGES } from '@portico/protocol/admin';
import { CLIENT_KINDS } from '@portico/protocol/clients';
import { OAUTH, PAGES } from '@portico/protocol/routes';
import { SITE_PROBLEMS } from '@portico/protocol/site-problems';
import { en } from '@portico/protocol/texts/en';
import type { SiteAdded } from '@portico/ui/admin-views';
import { findClient, listClients } from '../../src/clients/client.ts';
import { jwksOf, newSiteKey } from '../clients/assertions.ts';
import { inWorld, MINUTE, ORIGIN, type World } from '../world.ts';
import { eventOf, growOlder, staff } from './staff.ts';

const WEB = { kind: 'web', name: 'Shop', redirectUris: ['https://shop.example.com/auth/callback'] };
const attempt = 'A'.repeat(22);
const idsOf = async (world: World) => (await listClients(world.deps.db)).map(({ id }) => id);

inWorld(
  'an admin registers a site: its secret is told once, works, and is in no event; who did what stands in the audit log',
  async (world) => {
    const admin = await staff(world, 'admin');
    const { status, body } = await admin.act('addSite', {
      ...WEB,
      id: 'shop',
      roles: ['editor'],
      accessAlg: 'HS256',
      accessMinutes: 5,
      idleMinutes: 60,
    });
    assert.equal(status, 201);
    const added = body as unknown as SiteAdded;
    assert.match(added.secret ?? '', /^pts_[\w-]{43}$/);
    assert.match(added.signingSecret?.secret ?? '', /^ptj_[\w-]{43}$/);
    const client = await findClient(world.deps.db, 'shop');
    assert.deepEqual([client?.accessLife, client?.idleLife, client?.roles], [5 * MINUTE, 60 * MINUTE, ['editor']]);
    const event = await eventOf(world, 'client.added');
    assert.deepEqual(
      [event?.['actor_id'], event?.['target_kind'], event?.['target'], event?.['before_json']],
      [admin.id, 'client', 'shop', null],
    );
    const after = JSON.parse(String(event?.['after_json'])) as Record<string, unknown>;
    assert.deepEqual(
      [after['name'], after['kind'], after['redirectUris'], after['accessAlg'], after['accessLife']],
      ['Shop', 'web', WEB.redirectUris, 'HS256', 5 * MINUTE],
    );
    const log = JSON.stringify(await world.deps.db.all('select * from events'));
    assert.ok(!log.includes('pts_') && !log.includes('ptj_'));

    // The line that is shown to try it, taken by its word.
    assert.equal(added.connection.curl, `curl -u 'shop:${added.secret}' -d token=none ${ORIGIN}${OAUTH.introspect}`);
    const basic = Buffer.from(`shop:${added.secret}`).toString('base64');
    const tried = await world.browser().send('POST', OAUTH.introspect, 'token=none', {
      headers: { authorization: `Basic ${basic}`, 'content-type': 'application/x-www-form-urlencoded' },
    });
    assert.deepEqual([tried.status, tried.text], [200, '{"active":false}']);
  },
);

inWorld('every kind is registered with the fields of its form; lines for a framework name this site and this server', async (world) => {
  const admin = await staff(world, 'owner');
  const forms = {
    web: WEB,
    spa: { kind: 'spa', name: 'App', origins: ['http://localhost:5173'], redirectUris: ['http://localhost:5173/'] },
    native: { kind: 'native', name: 'Game', redirectUris: ['http://127.0.0.1/cb'] },
    machine: { kind: 'machine', name: 'Robot', scopes: ['scores:write'], jwks: jwksOf(newSiteKey('ES256', 'k1')) },
    secondary: { kind: 'secondary', name: 'Second', origins: ['https://second.example'] },
  };
  for (const kind of CLIENT_KINDS) {
    assert.equal((await admin.see('newSite', { query: { kind } })).kind, kind);
    const { status, body } = await admin.act('addSite', { ...forms[kind] });
    const { clientId, secret, connection } = body as unknown as SiteAdded;
    assert.equal(status, 201, kind);
    assert.equal(secret !== null, kind === 'web' || kind === 'secondary', kind);
    const client = await findClient(world.deps.db, clientId);
    assert.deepEqual([client?.kind, connection.kind], [kind, kind]);
    for (const { framework, files } of connection.lines) {
      const text = files.map((file) => file.text).join('\n');
      assert.ok(text.includes(`clientId: '${clientId}'`) && text.includes(`issuer: '${ORIGIN}'`), framework);
      assert.ok(!text.includes('pts_') && Object.hasOwn(en.admin.newSite.connect.frameworks, framework), framework);
      if (kind === 'web') assert.ok(text.includes(`baseUrl: 'https://shop.example.com'`), framework);
    }
    assert.equal(connection.lines.length, { web: 6, spa: 3, native: 0, machine: 0, secondary: 0 }[kind]);
  }
});

inWorld('each thing that is wrong comes back at its field, with the entry that is wrong, and nothing is kept', async (world) => {
  const admin = await staff(world, 'admin');
  await admin.act('addSite', {
    kind: 'spa',
    name: 'Taken',
    id: 'taken',
    origins: ['https://taken.example'],
    redirectUris: ['https://taken.example/'],
  });
  const before = await idsOf(world);
  const SPA = { kind: 'spa', name: 'App', origins: ['https://app.example'], redirectUris: ['https://app.example/'] };
  const wrong: readonly (readonly [object, object, object?])[] = [
    [{ ...WEB, redirectUris: [] }, { redirectUris: 'missing' }],
    [
      { ...WEB, redirectUris: ['https://shop.example.com/', 'https://shop.example.com/#x'] },
      { redirectUris: 'address_fragment' },
      { redirectUris: 'https://shop.example.com/#x' },
    ],
    [
      { ...WEB, redirectUris: ['https://SHOP.example.com/'] },
      { redirectUris: 'address_respelled' },
      { redirectUris: 'https://SHOP.example.com/ → https://shop.example.com/' },
    ],
    [{ ...WEB, redirectUris: [`${ORIGIN}/x`] }, { redirectUris: 'address_own' }, { redirectUris: `${ORIGIN}/x` }],
    [{ ...SPA, origins: ['https://taken.example'] }, { origins: 'origin_taken' }, { origins: 'https://taken.example (taken)' }],
    [{ ...SPA, origins: [] }, { origins: 'origin_one' }],
    [{ ...WEB, id: 'taken' }, { id: 'id_taken' }, { id: 'taken' }],
    [{ ...WEB, id: admin.id }, { id: 'id_taken' }, { id: admin.id }],
    [{ ...WEB, id: 'a b' }, { id: 'id_malformed' }],
    [
      { ...WEB, name: 'two\nlines', accessMinutes: 16, idleMinutes: 1 },
      { name: 'name_malformed', accessMinutes: 'access_life', idleMinutes: 'idle_life' },
    ],
    [{ ...WEB, jwks: '{"keys":[]}' }, { jwks: 'keys_malformed' }],
    [{ ...WEB, jwks: JSON.stringify({ keys: [newSiteKey('ES256').privateKey.export({ format: 'jwk' })] }) }, { jwks: 'keys_private' }],
    [
      { ...SPA, accessAlg: 'HS256', pkce: 'nonce' },
      { accessAlg: 'not_for_kind', pkce: 'nonce_refused' },
    ],
    [{ ...WEB, audiences: ['nobody'] }, { audiences: 'audience_unknown' }, { audiences: 'nobody' }],
    [{ ...WEB, scopes: ['openid', 'admin'] }, { scopes: 'scope_unknown' }, { scopes: 'admin' }],
    [
      { ...WEB, backchannelLogoutUri: 'http://shop.example.com/out' },
      { backchannelLogoutUri: 'address_plain' },
      { backchannelLogoutUri: 'http://shop.example.com/out' },
    ],
    [{ ...WEB, kind: 'game' }, { kind: 'malformed' }],
    [{ kind: 'web' }, { name: 'missing' }],
    [{ ...WEB, secret: 'pts_mine' }, { secret: 'unknown' }],
    [{ ...WEB, authentication: 'none' }, { authentication: 'unknown' }],
    [{ ...WEB, redirectUris: 'https://shop.example.com/' }, { redirectUris: 'malformed' }],
    [{ ...WEB, attempt: 'short' }, { attempt: 'malformed' }],
  ];
  for (const [body, fields, about] of wrong) {
    const refused = await admin.act('addSite', body);
    assert.deepEqual(
      [refused.status, refused.body['error'], refused.body['fields']],
      [400, 'invalid_fields', fields],
      JSON.stringify(body).slice(0, 200),
    );
    if (about !== undefined) assert.deepEqual(refused.body['about'], about);
  }
  assert.deepEqual(await idsOf(world), before);
});

test('every problem of a registration has words of its own', () => {
  const words = SITE_PROBLEMS.map((problem) => en.fields[problem]);
  assert.equal(new Set(words).size, SITE_PROBLEMS.length);
});

inWorld(
  'by a plain form: a page for each kind, problems at the field with what was typed and ticked, then the secret, this once',
  async (world) => {
    const admin = await staff(world, 'admin');
    const kinds = await admin.page(ADMIN_PAGES.newSite);
    for (const kind of CLIENT_KINDS) assert.ok(kinds.text.includes(`href="${ADMIN_PAGES.newSite}?kind=${kind}"`), kind);
    const back = `${ADMIN_PAGES.newSite}?kind=web`;
    const page = await admin.page(back);
    const form = /name="attempt" value="([\w-]{22})"/.exec(page.text);
    assert.ok(
      form && page.text.includes('name="redirectUris"') && page.text.includes('name="jwks"') && page.text.includes('data-check="redirect"'),
    );
    assert.ok(!(await admin.page(`${ADMIN_PAGES.newSite}?kind=machine`)).text.includes('name="redirectUris"'));
    const long = Array.from({ length: 20 }, (_, n) => `https://shop.example.com/${'a'.repeat(30)}/${n}`).join('\r\n');
    const typed = {
      kind: 'web',
      attempt: form[1] ?? '',
      name: ' Shop ',
      confirmation: 'auto',
      'scopes.openid': 'yes',
      'scopes.email': 'yes',
      back,
    };
    const refused = await admin.submit('addSite', { ...typed, redirectUris: `${long}\r\nhttps://*.example.com/` });
    assert.equal(refused.status, 400);
    assert.ok(refused.text.includes(`https://*.example.com/: ${en.fields.address_wildcard}`), 'the address is named');
    assert.ok(refused.text.includes(`${'a'.repeat(30)}/19`), 'nothing that was typed is cut off');
    assert.match(refused.text, /name="scopes\.email"[^>]* checked/);
    assert.doesNotMatch(refused.text, /name="scopes\.profile"[^>]* checked/);
    assert.ok(refused.text.includes(`name="attempt" value="${form[1]}"`), 'it is the same form still');

    const done = await admin.submit('addSite', { ...typed, redirectUris: 'https://shop.example.com/cb\r\n' });
    assert.equal(done.status, 200);
    const [secret] = /pts_[\w-]{43}/.exec(done.text) ?? [];
    assert.ok(secret && done.text.includes(en.admin.frame.shownOnceHint) && done.text.includes('createPorticoSite'));
    assert.match(String(done.headers['cache-control']), /no-store/);
    const [client] = await listClients(world.deps.db);
    assert.deepEqual([client?.name, client?.scopes, client?.confirmation], ['Shop', ['openid', 'email'], 'auto']);
    assert.ok(!(await admin.page(back)).text.includes('pts_'));

    const again = await admin.submit('addSite', { ...typed, redirectUris: 'https://shop.example.com/cb\r\n' });
    assert.equal(again.status, 400);
    assert.ok(again.text.includes(`${client?.id}: ${en.fields.site_there}`), 'told that it is there');
    assert.equal((await idsOf(world)).length, 1);
  },
);

inWorld('a private key that was pasted by mistake is not shown again', async (world) => {
  const admin = await staff(world, 'admin');
  const jwk = newSiteKey('ES256').privateKey.export({ format: 'jwk' });
  const refused = await admin.submit('addSite', {
    kind: 'web',
    name: 'Shop',
    redirectUris: 'https://shop.example.com/',
    jwks: JSON.stringify({ keys: [jwk] }),
    back: `${ADMIN_PAGES.newSite}?kind=web`,
  });
  assert.ok(refused.status === 400 && refused.text.includes(en.fields.keys_private) && !refused.text.includes(String(jwk.d)));
});

inWorld('twenty clicks on one form register one site and tell one secret; twenty operators with one origin likewise', async (world) => {
  const admin = await staff(world, 'admin');
  const answers = await Promise.all(Array.from({ length: 20 }, () => admin.act('addSite', { ...WEB, attempt })));
  const made = answers.filter(({ status }) => status === 201);
  assert.equal(made.length, 1);
  for (const { status, body } of answers.filter((answer) => !made.includes(answer)))
    assert.deepEqual([status, body['fields']], [400, { name: 'site_there' }]);
  assert.equal((await idsOf(world)).length, 1);
  assert.equal((await admin.act('addSite', { ...WEB, attempt: 'B'.repeat(22) })).status, 201, 'another form is another site');
  const spa = { kind: 'spa', origins: ['https://app.example'], redirectUris: ['https://app.example/'] };
  const racers = await Promise.all(Array.from({ length: 20 }, (_, n) => admin.act('addSite', { ...spa, name: `App ${n}` })));
  assert.deepEqual(racers.map(({ status }) => status).filter((status) => status === 201).length, 1);
  const [lost] = racers.filter(({ status }) => status !== 201);
  assert.deepEqual(lost?.body['fields'], { origins: 'origin_taken' });
});

inWorld(
  'support cannot add a site; an old proof leads a form to the proof and back, and the page says so before anything is typed',
  async (world) => {
    const support = await staff(world, 'support');
    assert.equal((await support.act('addSite', WEB)).body['error'], 'role_required');
    assert.equal((await support.page(ADMIN_PAGES.newSite)).status, 403);
    const admin = await staff(world, 'admin');
    const back = `${ADMIN_PAGES.newSite}?kind=native`;
    assert.equal((await admin.see('newSite')).proveFirst, false);
    growOlder(world, 3 * MINUTE);
    assert.equal((await admin.see('newSite')).proveFirst, true);
    assert.ok((await admin.page(back)).text.includes(en.admin.newSite.confirmFirst));
    growOlder(world, 3 * MINUTE);
    await admin.browser.refresh();
    assert.deepEqual((await admin.act('addSite', WEB)).body['error'], 'fresh_signin_required');
    const led = await admin.submit('addSite', { kind: 'native', name: 'Game', back });
    assert.deepEqual([led.status, led.headers['location']], [303, `${PAGES.dashboardProof}?returnTo=${encodeURIComponent(back)}`]);
    assert.deepEqual(await idsOf(world), []);
  },
);
