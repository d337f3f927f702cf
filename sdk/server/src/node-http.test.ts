import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { BODY_MAX, BodyTooLarge, sendResponse, toRequest } from './node-http.ts';

const BASE = 'https://notes.example.net';

type Listener = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

async function serve(t: TestContext, listener: Listener): Promise<number> {
  const server = createServer((request, response) => void listener(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** What comes back for these bytes, on a connection of its own. */
async function raw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  return text(socket);
}

test('the address of a request is below the base url, whatever host, target or scheme was asked for', async (t) => {
  const port = await serve(t, async (incoming, outgoing) => {
    await sendResponse(new Response(toRequest(incoming, BASE)?.url ?? 'none'), outgoing);
  });
  const asked = async (target: string) => {
    const head = `GET ${target} HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\nConnection: close\r\n\r\n`;
    return (await raw(port, head)).split('\r\n\r\n')[1]?.match(/(?:https|none)\S*/)?.[0];
  };
  assert.equal(await asked('/me?a=1'), `${BASE}/me?a=1`);
  assert.equal(await asked('//evil.example/me'), `${BASE}//evil.example/me`);
  assert.equal(await asked('http://evil.example/me?a=1'), `${BASE}/me?a=1`);
  assert.equal(await asked('/\\evil.example/'), `${BASE}//evil.example/`);
  assert.equal(await asked('/@evil.example'), `${BASE}/@evil.example`);
});

test('each cookie of an answer is a line of its own, beside those that were set before', async (t) => {
  const port = await serve(t, async (_, outgoing) => {
    outgoing.setHeader('set-cookie', ['own=1; Path=/']);
    const headers = new Headers([
      ['set-cookie', 'a=1; Expires=Wed, 21 Oct 2037 07:28:00 GMT'],
      ['set-cookie', 'b=2'],
      ['x-kept', 'yes'],
    ]);
    await sendResponse(new Response(null, { status: 204, headers }), outgoing);
  });
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  assert.deepEqual([answer.status, answer.headers.get('x-kept')], [204, 'yes']);
  assert.deepEqual(answer.headers.getSetCookie(), ['own=1; Path=/', 'a=1; Expires=Wed, 21 Oct 2037 07:28:00 GMT', 'b=2']);
});

test('a body is read up to its limit and not a byte further, also when no length was announced, and the answer still arrives', async (t) => {
  const port = await serve(t, async (incoming, outgoing) => {
    const read = await toRequest(incoming, BASE)
      ?.text()
      .then(({ length }) => `${length}`)
      .catch((error: unknown) => (error instanceof BodyTooLarge ? 'too large' : 'broken'));
    await sendResponse(new Response(read), outgoing);
  });
  const post = async (body: string | ReadableStream) =>
    (await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body, duplex: 'half' } as RequestInit)).text();
  assert.equal(await post('x'.repeat(BODY_MAX)), String(BODY_MAX));
  assert.equal(await post('x'.repeat(BODY_MAX + 1)), 'too large');
  assert.equal(await post(new Blob(['x'.repeat(4 * BODY_MAX)]).stream()), 'too large');
});

test('a body that nobody reads stays for whoever comes next; one that was read before comes as it was understood', async (t) => {
  const port = await serve(t, async (incoming: IncomingMessage & { body?: unknown }, outgoing) => {
    if (incoming.url === '/left') {
      toRequest(incoming, BASE);
      return sendResponse(new Response(await text(incoming)), outgoing);
    }
    const sent = await text(incoming);
    incoming.body = incoming.url === '/form' ? Object.fromEntries(new URLSearchParams(sent)) : JSON.parse(sent);
    return sendResponse(new Response(await toRequest(incoming, BASE)?.text()), outgoing);
  });
  const post = async (path: string, body: string | URLSearchParams) =>
    (await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body })).text();
  assert.equal(await post('/left', 'as it is'), 'as it is');
  assert.equal(await post('/json', '{"everywhere":true}'), '{"everywhere":true}');
  assert.equal(await post('/form', new URLSearchParams({ logout_token: 'a b' })), 'logout_token=a+b');
});

test('a method that no Request can have is none', async (t) => {
  const port = await serve(t, async (incoming, outgoing) =>
    sendResponse(new Response(toRequest(incoming, BASE) === null ? 'none' : 'some'), outgoing),
  );
  assert.match(await raw(port, 'TRACE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'), /none/);
});
