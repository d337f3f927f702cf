import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { EXTERNAL_PATHS, EXTERNAL_PREFIX, SECONDARY_PATHS, SITE_PREFIX } from '@portico/protocol/routes';
import { createSecondary, type Secondary, type SignIn } from '@portico/server/secondary';
import { sendResponse, toRequest } from '../../../sdk/server/src/node-http.ts';
import { askTicket } from '../secondaries.ts';
import { listening } from './frameworks.ts';
import { onSite, type SiteStage, said, type Visitor } from './site-stage.ts';

/** The kit of a secondary auth server, at a Portico that runs; what its pages do in a real browser stands in browser/ticket.test.ts. */

const SECONDARY = { id: 'game', kind: 'secondary' } as const;
const path = (name: keyof typeof SECONDARY_PATHS) => SITE_PREFIX + SECONDARY_PATHS[name];
const external = (name: keyof typeof EXTERNAL_PATHS) => EXTERNAL_PREFIX + EXTERNAL_PATHS[name];

interface Running {
  readonly secondary: Secondary;
  /** Whom the server has opened a session of its own for. */
  readonly opened: SignIn[];
}

/** `mallory@example.com` may not come to this server, whoever signed her in. */
async function run(stage: SiteStage): Promise<Running> {
  const opened: SignIn[] = [];
  const secondary = createSecondary({
    ...stage.options,
    onSignIn: (signIn) => {
      if (signIn.user.email === 'mallory@example.com') return Response.json({ error: 'not_here' }, { status: 403 });
      opened.push(signIn);
      return Response.json({ hello: signIn.user.email }, { headers: { 'set-cookie': 'own=1; Path=/; HttpOnly; SameSite=Lax' } });
    },
  });
  const server = createServer((incoming, outgoing) => {
    const request = toRequest(incoming, stage.base) ?? new Request(stage.base);
    void secondary.handle(request).then((response) => sendResponse(response ?? new Response(null, { status: 404 }), outgoing));
  });
  stage.defer(await listening(server.listen(stage.port, '127.0.0.1'), { close: () => undefined }));
  return { secondary, opened };
}

const post = (visitor: Visitor, name: 'begin' | 'signIn', body: object, headers: Readonly<Record<string, string | undefined>> = {}) =>
  visitor.ask(path(name), { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } });

interface Begun {
  readonly state: string;
  readonly challenge: string;
}

async function begin(stage: SiteStage, visitor: Visitor, body: object = {}): Promise<Begun> {
  const { state, ticketUrl } = (await (await post(visitor, 'begin', body)).json()) as { state: string; ticketUrl: string };
  const url = new URL(ticketUrl);
  assert.equal(url.origin, stage.options.issuer);
  return { state, challenge: url.searchParams.get('code_challenge') ?? '' };
}

/** What a page of the secondary does in this browser, up to the ticket. */
async function ticketFor(stage: SiteStage, visitor: Visitor): Promise<{ readonly ticket: string; readonly state: string }> {
  const { state, challenge } = await begin(stage, visitor);
  const { body, text } = await askTicket(visitor.portico, { origin: stage.base, challenge });
  assert.equal(typeof body['ticket'], 'string', text);
  return { ticket: String(body['ticket']), state };
}

onSite(
  'a ticket opens a session of the server’s own, once, in the browser that asked for it',
  async (stage) => {
    const { opened } = await run(stage);
    const ada = await stage.visitor('ada@example.com');
    const eve = await stage.visitor('eve@example.com');
    const given = await ticketFor(stage, ada);
    const answer = await post(ada, 'signIn', given);
    assert.deepEqual(await answer.json(), { hello: 'ada@example.com' });
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    assert.deepEqual([...ada.jar.keys()], ['own'], 'and the transaction is over');
    assert.equal(await said(await post(ada, 'signIn', given)), '400 request_expired');

    // Login CSRF: Eve's own ticket, planted in the browser of Ada.
    const planted = await ticketFor(stage, eve);
    assert.equal(await said(await post(ada, 'signIn', planted)), '400 request_expired');
    const { state } = await begin(stage, ada);
    assert.equal(await said(await post(ada, 'signIn', { ...planted, state })), '400 ticket_refused');
    for (const body of [{}, { ticket: planted.ticket }, { ...planted, ticket: [planted.ticket] }, []])
      assert.match(await said(await post(ada, 'signIn', body)), /^400 invalid_fields/);
    // From a page of somebody else's, with Eve's cookies.
    for (const headers of [{ 'sec-fetch-site': 'same-site' }, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': undefined }]) {
      assert.equal(await said(await post(eve, 'signIn', planted, headers)), '403 origin_refused');
      assert.equal(await said(await post(eve, 'begin', {}, headers)), '403 origin_refused');
    }
    assert.deepEqual(
      opened.map(({ user }) => user.email),
      ['ada@example.com'],
    );
    assert.equal((await post(eve, 'signIn', planted)).status, 200, 'it was good all the time');
  },
  SECONDARY,
);

onSite(
  'by a redirect the same session is opened, and the browser led to a path of this server',
  async (stage) => {
    const { opened } = await run(stage);
    const led = async (visitor: Visitor, returnTo: string) => {
      const { state, challenge } = await begin(stage, visitor, { returnTo });
      const elsewhere = await askTicket(visitor.portico, { origin: stage.base, challenge, headers: { 'sec-fetch-site': 'cross-site' } });
      const to = new URL(`${String(elsewhere.body['redirectTo'])}&state=${state}`);
      const answered = await visitor.portico.send('GET', to.pathname + to.search, undefined, { headers: { accept: 'text/html' } });
      return new URL(String(answered.headers['location']));
    };
    const ada = await stage.visitor('ada@example.com');
    for (const [wish, there] of [
      ['/level/7', '/level/7'],
      ['//evil.example', '/'],
    ] as const) {
      const back = await led(ada, wish);
      const answer = await ada.ask(back.pathname + back.search);
      assert.deepEqual([answer.status, answer.headers.get('location')], [302, there]);
      assert.ok(ada.jar.has('own'));
    }
    await begin(stage, ada, { returnTo: `/${'x'.repeat(5000)}` });
    assert.ok([...ada.jar].join('; ').length < 1000, 'no address fills the jar');
    const foreign = await led(ada, '/');
    foreign.searchParams.set('iss', 'https://evil.example');
    assert.equal((await ada.ask(foreign.pathname + foreign.search)).status, 400);
    // Signed in at Portico, and still not welcome here.
    const mallory = await stage.visitor('mallory@example.com');
    const back = await led(mallory, '/');
    assert.equal(await said(await mallory.ask(back.pathname + back.search)), '403 not_here');
    assert.equal(mallory.jar.size, 0);
    assert.equal(opened.length, 2);
  },
  SECONDARY,
);

onSite(
  'whether a sign-in goes on is asked once a second; trouble is no answer, and a sign-out that Portico did not hear is none',
  async (stage) => {
    const { secondary, opened } = await run(stage);
    const ada = await stage.visitor('ada@example.com');
    stage.wire.cut(true);
    assert.equal((await post(ada, 'begin', {})).status, 503);
    stage.wire.cut(false);
    const given = await ticketFor(stage, ada);
    stage.wire.cut(true);
    assert.equal(await said(await post(ada, 'signIn', given)), '503 unavailable');
    stage.wire.cut(false);
    assert.equal((await post(ada, 'signIn', given)).status, 200, 'the transaction is still there');
    const [signIn] = opened;
    assert.ok(signIn !== undefined);

    const before = stage.wire.asked.length;
    assert.deepEqual(new Set(await Promise.all(Array.from({ length: 20 }, () => secondary.isAlive(signIn.sid)))), new Set([true]));
    assert.deepEqual(stage.wire.asked.slice(before), [external('session')]);
    stage.advance(1001);
    stage.wire.cut(true);
    await assert.rejects(secondary.isAlive(signIn.sid), (error) => secondary.refused(error).status === 503);
    await assert.rejects(secondary.signOut(signIn.refreshToken), (error) => secondary.refused(error).status === 503);
    stage.wire.cut(false);
    assert.equal(await secondary.isAlive(signIn.sid), true);

    await secondary.signOut(signIn.refreshToken, { local: true });
    stage.advance(1001);
    assert.equal(await secondary.isAlive(signIn.sid), false);
    assert.equal((await ada.portico.call('session')).body['status'], 'VERIFIED');
    assert.equal((await post(ada, 'signIn', await ticketFor(stage, ada))).status, 200);
    await secondary.signOut(opened[1]?.refreshToken ?? '');
    assert.equal((await ada.portico.call('session')).body['status'], 'SIGNED_OUT');
  },
  SECONDARY,
);
