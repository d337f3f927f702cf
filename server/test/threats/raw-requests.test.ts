import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { authPath, SYSTEM } from '@portico/protocol/routes';
import { inWorld, PASSWORD, type World } from '../world.ts';

/** Bytes on a real socket. What two parsers could read in two ways is refused, and the connection with it (request smuggling). */

async function listening(world: World): Promise<number> {
  await world.app.listen({ host: '127.0.0.1', port: 0 });
  const address = world.app.server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

interface Heard {
  readonly text: string;
  readonly statuses: readonly number[];
  /** The server ended the connection by itself. */
  readonly closed: boolean;
}

/** Milliseconds: a server that says nothing for so long is broken, on any machine. */
const PATIENCE = 30_000;
const STATUS = /^HTTP\/1\.1 (\d{3})/gm;

/** Sends the bytes and listens until the server ends the connection, or has given so many answers. */
async function say(port: number, bytes: string, answers = Number.POSITIVE_INFINITY): Promise<Heard> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  let text = '';
  let closed = false;
  const statuses = () => [...text.matchAll(STATUS)].map((found) => Number(found[1]));
  const ended = new Promise<void>((resolve) => {
    const silence = setTimeout(resolve, PATIENCE);
    const end = () => {
      clearTimeout(silence);
      resolve();
    };
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (statuses().length >= answers) end();
    });
    socket.on('close', () => {
      closed = true;
      end();
    });
  });
  socket.write(Buffer.from(bytes, 'latin1'));
  await ended;
  socket.destroy();
  return { text, closed, statuses: statuses() };
}

const JSON_TYPE = 'Content-Type: application/json';
const HIDDEN = `GET ${SYSTEM.portico} HTTP/1.1\r\nHost: x\r\n\r\n`;
const head = (...lines: readonly string[]) => [`POST ${authPath('signOut')} HTTP/1.1`, 'Host: localhost', JSON_TYPE, ...lines].join('\r\n');

/** Requests with two lengths, a doubtful length, or doubtful lines; behind each stands one that a smuggler would like to see answered. */
const AMBIGUOUS: Readonly<Record<string, string>> = {
  'CL.TE': `${head('Content-Length: 6', 'Transfer-Encoding: chunked')}\r\n\r\n0\r\n\r\nG`,
  'TE.CL': `${head('Transfer-Encoding: chunked', 'Content-Length: 4')}\r\n\r\n5c\r\n${HIDDEN}\r\n0\r\n\r\n`,
  'TE.TE, the second unknown': `${head('Transfer-Encoding: chunked', 'Transfer-Encoding: cow')}\r\n\r\n0\r\n\r\n`,
  'TE with a vertical tab': `${head('Transfer-Encoding: \u000Bchunked')}\r\n\r\n0\r\n\r\n`,
  'TE with a name before its colon': `${head('Transfer-Encoding : chunked')}\r\n\r\n0\r\n\r\n`,
  'TE identity': `${head('Transfer-Encoding: identity', 'Content-Length: 2')}\r\n\r\n{}`,
  'TE chunked twice': `${head('Transfer-Encoding: chunked, chunked')}\r\n\r\n0\r\n\r\n`,
  'TE not last': `${head('Transfer-Encoding: chunked, gzip')}\r\n\r\n0\r\n\r\n`,
  'two different lengths': `${head('Content-Length: 2', 'Content-Length: 40')}\r\n\r\n{}`,
  'the same length twice': `${head('Content-Length: 2', 'Content-Length: 2')}\r\n\r\n{}`,
  'two lengths in one line': `${head('Content-Length: 2, 2')}\r\n\r\n{}`,
  'a signed length': `${head('Content-Length: +2')}\r\n\r\n{}`,
  'a negative length': `${head('Content-Length: -2')}\r\n\r\n{}`,
  'a hexadecimal length': `${head('Content-Length: 0x2')}\r\n\r\n{}`,
  'a length with a point': `${head('Content-Length: 2.0')}\r\n\r\n{}`,
  'a huge length': `${head('Content-Length: 99999999999999999999')}\r\n\r\n{}`,
  'an empty length': `${head('Content-Length:')}\r\n\r\n{}`,
  'a folded line': `${head('X-Folded: a\r\n b', 'Content-Length: 2')}\r\n\r\n{}`,
  'a folded length': `${head('Content-Length:\r\n 2')}\r\n\r\n{}`,
  'a header without a name': `${head(': x', 'Content-Length: 2')}\r\n\r\n{}`,
  'a header name with a space': `${head('Bad Header: x', 'Content-Length: 2')}\r\n\r\n{}`,
  'a NUL in a header': `${head('X-Null: a\u0000b', 'Content-Length: 2')}\r\n\r\n{}`,
  'a bare CR in a header': `${head('X-Bare: a\rContent-Length: 40', 'Content-Length: 2')}\r\n\r\n{}`,
  'a chunk with a strange size': `${head('Transfer-Encoding: chunked')}\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n`,
  'a chunk with a negative size': `${head('Transfer-Encoding: chunked')}\r\n\r\n-2\r\n{}\r\n0\r\n\r\n`,
  'a chunk that ends elsewhere': `${head('Transfer-Encoding: chunked')}\r\n\r\n2\r\n{}X\r\n0\r\n\r\n`,
  'no Host': `GET ${SYSTEM.health} HTTP/1.1\r\n\r\n`,
  'no version': `GET ${SYSTEM.health}\r\n\r\n`,
  'an unknown version': `GET ${SYSTEM.health} HTTP/9.9\r\nHost: localhost\r\n\r\n`,
  'an unknown method': `EVIL ${SYSTEM.health} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  'a space in the path': `GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  'TLS on a plain port': '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
  'HTTP/2 without asking': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
};

inWorld(
  'a request that two parsers could read in two ways is 400, ends its connection, and nothing behind it is answered',
  async (world) => {
    const port = await listening(world);
    const good = await say(port, `${head('Content-Length: 2', 'Origin: http://localhost:4000')}\r\n\r\n{}${HIDDEN}`, 2);
    assert.deepEqual(good.statuses, [204, 200], 'a plain request is answered, and the one behind it');
    for (const [what, bytes] of Object.entries(AMBIGUOUS)) {
      const { text, statuses, closed } = await say(port, bytes + HIDDEN);
      assert.deepEqual([statuses, closed], [[400], true], `${what}: ${text}`);
      assert.ok(!/issuer|node_modules|\.ts|HPE_/.test(text), `${what}: ${text}`);
    }
    assert.deepEqual((await say(port, HIDDEN, 1)).statuses, [200], 'the server is alive');
  },
);

inWorld('an absolute request line, a foreign Host and an encoded path change no link, no redirect and no door', async (world) => {
  const port = await listening(world);
  const body = JSON.stringify({ email: 'ada@example.com', password: PASSWORD });
  const lines = ['Host: evil.example', 'X-Forwarded-Host: evil.example', JSON_TYPE, `Content-Length: ${body.length}`, 'Connection: close'];
  const begun = await say(port, `POST http://evil.example${authPath('signUp')} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
  // Answered or refused: what counts is that nothing of it is believed.
  assert.ok(!begun.text.includes('evil.example'), begun.text);
  for (const mail of await world.mails()) assert.ok(!JSON.stringify(mail).includes('evil.example'));
  for (const path of [
    '/dashboard',
    '//evil.example/dashboard',
    '/.well-known/change-password',
    'http://evil.example/dashboard',
    '/\\evil.example',
  ]) {
    const { text } = await say(port, `GET ${path} HTTP/1.1\r\nHost: evil.example\r\nAccept: text/html\r\nConnection: close\r\n\r\n`);
    assert.doesNotMatch(/^location: (.*)$/im.exec(text)?.[1] ?? '', /evil/, path);
  }
  for (const path of ['/dev/mail', '/dev%2fmail', '/dev/mail?x']) {
    const { text } = await say(
      port,
      `GET ${path} HTTP/1.1\r\nHost: rebound.evil.example\r\nAccept: application/json\r\nConnection: close\r\n\r\n`,
    );
    assert.match(text, /^HTTP\/1\.1 404/, 'a stranger’s name that points at this machine opens no inbox');
  }
});

inWorld('methods that nobody needs, headers without end and answers to nobody leave the server standing', async (world) => {
  const port = await listening(world);
  for (const method of ['TRACE', 'TRACK', 'CONNECT', 'PUT', 'PROPFIND', 'DEBUG', 'LOCK']) {
    for (const path of ['/', authPath('session'), SYSTEM.health]) {
      const { text, statuses } = await say(
        port,
        `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nX-Canary: canary\r\nConnection: close\r\n\r\n`,
      );
      assert.ok(
        statuses.every((status) => [400, 404, 405].includes(status)),
        `${method} ${path}: ${text}`,
      );
      assert.ok(!text.includes('canary'), `${method} echoes the request`);
    }
  }
  const overridden = await say(
    port,
    `POST ${SYSTEM.health} HTTP/1.1\r\nHost: localhost\r\nX-HTTP-Method-Override: GET\r\nContent-Length: 0\r\n\r\n`,
    1,
  );
  assert.deepEqual(overridden.statuses, [405]);
  const long = await say(port, `GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`);
  assert.deepEqual([long.statuses, long.closed], [[431], true]);
  const many = await say(port, `GET ${SYSTEM.health} HTTP/1.1\r\nHost: localhost\r\n${'X-A: b\r\n'.repeat(1900)}\r\n`, 1);
  assert.ok([200, 431].includes(many.statuses[0] ?? 0));
  assert.deepEqual((await say(port, HIDDEN, 1)).statuses, [200]);
});
