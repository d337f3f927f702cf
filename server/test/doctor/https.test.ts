import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { SYSTEM } from '@portico/protocol/routes';
import { freePort } from '../portico-process.ts';
import { startSilentServer } from '../smtp-catcher.ts';
import { inWorld } from '../world.ts';
import { type Answer, certified, doctor, held, PUBLIC, told } from './examined.ts';

const STRICT = { 'strict-transport-security': 'max-age=31536000' };
const HOST = 'auth.example.com';
const names = held({ [HOST]: '127.0.0.1' });
const origin = (port: number) => `https://${HOST}:${port}`;

/** As Portico answers behind a proxy, at the port it was given. */
function porticoAt(where: { port: number }): Answer {
  return (path) => {
    const documents: Readonly<Record<string, object>> = {
      [SYSTEM.portico]: { issuer: origin(where.port) },
      [SYSTEM.openIdConfiguration]: { issuer: origin(where.port) },
      [SYSTEM.jwks]: { keys: [{}] },
    };
    const document = documents[path];
    return document === undefined ? { status: 404, headers: STRICT } : { headers: STRICT, body: JSON.stringify(document) };
  };
}

async function tlsOf(t: TestContext, port: number, plainPort = 9, patience = 5000) {
  return doctor(t, { only: 'tls', env: { ...PUBLIC, PORTICO_ORIGIN: origin(port) }, outside: { names, plainPort, patience } });
}

test('a certificate is proven as browsers do: its authority, its end, its host', async (t) => {
  const authority = certified(t);
  const where = { port: 0 };
  const cases = [
    [{ host: HOST }, /^ok: the certificate is good for (89|90) more days$/],
    [{ host: HOST, days: 5 }, /^warn: the certificate is good for [45] more days$/],
    [{ host: HOST, days: -1 }, /^fail: the certificate has expired$/],
    [{ host: 'other.example.com' }, /^fail: the certificate is for another host$/],
    [{ host: HOST, alone: true }, /^fail: the certificate vouches for itself$/],
  ] as const;
  for (const [sort, expected] of cases) {
    where.port = await authority.serve(sort, porticoAt(where));
    assert.match(told(await tlsOf(t, where.port), `tls ${origin(where.port)}`), expected);
  }
});

test('what answers at the origin must be this Portico, with its keys, its document and its headers', async (t) => {
  const authority = certified(t);
  const where = { port: 0 };
  const good = porticoAt(where);
  const answers: readonly (readonly [Answer, string, RegExp])[] = [
    [good, 'answer of ', /^ok: this Portico answers/],
    [() => ({ status: 502 }), 'answer of ', /^warn: a proxy answers 502: no Portico behind it now$/],
    [() => ({ body: '<h1>Welcome to nginx!</h1>' }), 'answer of ', /^fail: something else answers \(status 200\)$/],
    [
      () => ({ body: '{"issuer":"https://old.example.com"}' }),
      'answer of ',
      /^fail: another Portico answers: https:\/\/old\.example\.com$/,
    ],
    [(path) => ({ ...good(path), headers: {} }), 'answer of ', /^warn: .*Strict-Transport-Security is lost on the way$/],
    [(path) => (path === SYSTEM.jwks ? { body: '{"keys":[]}' } : good(path)), 'published ', /^ok: is there$/],
  ];
  for (const [answer, prefix, expected] of answers) {
    where.port = await authority.serve({ host: HOST }, answer);
    const name = prefix === 'published ' ? `published ${origin(where.port)}${SYSTEM.openIdConfiguration}` : prefix + origin(where.port);
    const checks = await tlsOf(t, where.port);
    assert.match(told(checks, name), expected);
    if (prefix === 'published ')
      assert.match(told(checks, `published ${origin(where.port)}${SYSTEM.jwks}`), /^warn: is not as it must be \(status 200\)$/);
  }
});

inWorld('the real routes answer as the doctor expects them to', async ({ app, deps }) => {
  for (const path of [SYSTEM.portico, SYSTEM.openIdConfiguration]) {
    const answer = await app.inject(path);
    assert.equal((JSON.parse(answer.body) as { issuer: string }).issuer, deps.config.origin);
    assert.match(String(answer.headers['strict-transport-security']), /max-age=[1-9]/);
  }
  const keys = JSON.parse((await app.inject(SYSTEM.jwks)).body) as { keys: readonly unknown[] };
  assert.ok(keys.keys.length > 0);
});

test('an origin that is not reached is a warning, for this machine may stand behind NAT; one that hangs too', async (t) => {
  const closed = await freePort();
  assert.match(told(await tlsOf(t, closed), `tls ${origin(closed)}`), /^warn: not reached from this machine \(ECONNREFUSED\)$/);
  const silent = await startSilentServer();
  t.after(() => silent.close());
  assert.match(
    told(await tlsOf(t, silent.port, 9, 3000), `tls ${origin(silent.port)}`),
    /^warn: not reached from this machine \(ETIMEDOUT\)$/,
  );
  const plain = await startSilentServer('HTTP/1.1 200 OK\r\n\r\n');
  t.after(() => plain.close());
  assert.match(told(await tlsOf(t, plain.port), `tls ${origin(plain.port)}`), /^fail: no https is spoken there/);
});

test('the same host without https leads on, is silent, or is complained about', async (t) => {
  const where = { port: 0 };
  where.port = await certified(t).serve({ host: HOST }, porticoAt(where));
  let location = '';
  const plain = createServer((_, response) => response.writeHead(location === '' ? 200 : 301, location === '' ? {} : { location }).end());
  plain.listen(0, '127.0.0.1');
  await once(plain, 'listening');
  t.after(() => plain.close());
  const { port } = plain.address() as AddressInfo;
  const name = `plain http of ${origin(where.port)}`;
  assert.match(told(await tlsOf(t, where.port, port), name), /^warn: shows a page without https \(status 200\)$/);
  location = 'http://elsewhere.example.com/';
  assert.match(told(await tlsOf(t, where.port, port), name), /^warn: /);
  location = `https://${HOST}/login`;
  assert.match(told(await tlsOf(t, where.port, port), name), /^ok: leads to https$/);
});
