import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttp } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createNetwork, NetworkTrouble } from './network.ts';
import { isAllowedAddress, type LookUp, mayBeCalled, type OutgoingRules, PUBLIC_ONLY } from './outgoing.ts';

/** Calls to registered addresses reach the public internet and nothing else: told by a listener, not by the answer alone. */

const TRYING: OutgoingRules = { plainHttp: true, loopback: true, networks: [] };
/** As in production, but for http: so that a call would really arrive. */
const STRICT: OutgoingRules = { ...PUBLIC_ONLY, plainHttp: true };
const FORM = new URLSearchParams({ logout_token: 'x' });

/** Everything that reaches this machine on one port, by IPv4 or IPv6. */
async function listener(t: TestContext): Promise<{ port: number; arrived: () => number }> {
  let connections = 0;
  const listen = async (port: number, host: string) => {
    const server: Server = createServer((socket) => {
      connections += 1;
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    }).listen(port, host);
    await once(server, 'listening');
    t.after(() => server.close());
    return (server.address() as AddressInfo).port;
  };
  const port = await listen(0, '0.0.0.0');
  await listen(port, '::1').catch(() => undefined);
  return { port, arrived: () => connections };
}

const answering =
  (...addresses: readonly string[]): LookUp =>
  (_, __, answer) =>
    answer(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );

const INSIDE = [
  '127.0.0.1',
  '127.255.255.254',
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '169.254.169.254',
  '100.64.0.1',
  '100.127.255.255',
  '192.0.0.1',
  '192.0.2.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '192.88.99.1',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::7f00:1',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '::ffff:169.254.169.254',
  '::ffff:0:127.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b::10.0.0.1',
  '64:ff9b:1::7f00:1',
  '2002:7f00:1::',
  '2002:a00:1::1',
  '2001::1',
  '2001:db8::1',
  '2001:2::1',
  '100::1',
  'fe80::1',
  'febf::1',
  'fec0::1',
  'fc00::1',
  'fd00:ec2::254',
  'ff02::1',
  '4000::1',
  '1::1',
  'e000::1',
  'fe80::1%lo',
];
const OUTSIDE = [
  '1.1.1.1',
  '8.8.8.8',
  '172.15.255.255',
  '172.32.0.1',
  '100.63.255.255',
  '100.128.0.1',
  '::ffff:8.8.8.8',
  '2606:4700:4700::1111',
  '2a00:1450:4001::1',
];

test('of every kind of address that is not public none is called, and public ones are', () => {
  assert.deepEqual(
    INSIDE.filter((address) => isAllowedAddress(PUBLIC_ONLY, address)),
    [],
  );
  assert.deepEqual(
    OUTSIDE.filter((address) => !isAllowedAddress(PUBLIC_ONLY, address)),
    [],
  );
  assert.ok(!isAllowedAddress(PUBLIC_ONLY, 'localhost') && !isAllowedAddress(PUBLIC_ONLY, ''));
});

test('the operator’s own networks are called, and nothing beside them', () => {
  const rules = { ...PUBLIC_ONLY, networks: ['10.1.0.0/16', 'fd00::/8', '127.0.0.1/32'] };
  for (const address of ['10.1.2.3', '::ffff:10.1.2.3', 'fd12::1', '127.0.0.1', '8.8.8.8'])
    assert.ok(isAllowedAddress(rules, address), address);
  for (const address of ['10.2.0.1', 'fc00::1', '127.0.0.2', '::1', '169.254.169.254'])
    assert.ok(!isAllowedAddress(rules, address), address);
});

test('no packet reaches this machine, however its address is written', async (t) => {
  const { port, arrived } = await listener(t);
  const network = createNetwork({ outgoing: STRICT });
  const hosts = [
    '127.0.0.1',
    '127.1',
    '127.0.1',
    '0177.0.0.1',
    '0x7f.0.0.1',
    '0x7f000001',
    '2130706433',
    '127.0.0.1.',
    '0.0.0.0',
    '0',
    '[::]',
    '[::1]',
    '[0:0:0:0:0:0:0:1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '[64:ff9b::127.0.0.1]',
    '[2002:7f00:1::]',
    'localhost',
    'LOCALHOST',
    'localhost.',
    'a.localhost',
    '１２７.0.0.1',
    '127。0。0。1',
    '①②⑦.0.0.1',
    'user@127.0.0.1',
    'example.com@127.0.0.1',
    '127.0.0.1%2f.example.com',
  ];
  for (const host of hosts) {
    await assert.rejects(network.post(`http://${host}:${port}/logout`, FORM), NetworkTrouble, host);
    await assert.rejects(network.post(`https://${host}:${port}/logout`, FORM), NetworkTrouble, host);
  }
  assert.equal(arrived(), 0);
  // The same listener hears what is allowed: it is no deaf one.
  assert.equal(await createNetwork({ outgoing: TRYING }).post(`http://127.0.0.1:${port}/logout`, FORM), 200);
  assert.equal(arrived(), 1);
});

test('no packet follows a name that leads inside, be it by one address of many', async (t) => {
  const { port, arrived } = await listener(t);
  for (const addresses of [
    ...INSIDE.filter((address) => !address.includes('%')).map((address) => [address]),
    ['8.8.8.8', '127.0.0.1'],
    ['127.0.0.1', '8.8.8.8'],
    [],
  ]) {
    const network = createNetwork({ outgoing: STRICT, lookUp: answering(...addresses), callWithin: 1000 });
    await assert.rejects(
      network.post(`http://intranet.example.com:${port}/`, FORM),
      /the address is not one that may be called/,
      addresses.join(),
    );
  }
  assert.equal(arrived(), 0);
});

test('a name is looked up once, and the connection goes where that look led (DNS rebinding)', async (t) => {
  const { port, arrived } = await listener(t);
  const looks: string[] = [];
  const rebinding: LookUp = (hostname, _, answer) => {
    looks.push(hostname);
    answer(null, [{ address: looks.length === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }]);
  };
  const network = createNetwork({ outgoing: TRYING, lookUp: rebinding, callWithin: 2000 });
  assert.equal(await network.post(`http://site.example.com:${port}/`, FORM), 200);
  assert.deepEqual([looks, arrived()], [['site.example.com'], 1]);
  // And each call looks anew: what was good once is not good for ever.
  await assert.rejects(network.post(`http://site.example.com:${port}/`, FORM), /may be called/);
  assert.equal(arrived(), 1);
});

test('a redirect is an answer, and nobody goes where it leads', async (t) => {
  const { port, arrived } = await listener(t);
  for (const status of [301, 302, 303, 307, 308]) {
    const server = createHttp((_, response) => response.writeHead(status, { location: `http://127.0.0.1:${port}/` }).end()).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    t.after(() => server.close());
    const network = createNetwork({ outgoing: TRYING });
    assert.equal(await network.post(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, FORM), status);
  }
  assert.equal(arrived(), 0);
});

test('only https is called in production, no other protocol anywhere, and no address with a password or a fragment', () => {
  assert.ok(
    mayBeCalled(PUBLIC_ONLY, 'https://notes.example.net/logout?x=1') && mayBeCalled(PUBLIC_ONLY, 'https://notes.example.net:8443/'),
  );
  assert.ok(!mayBeCalled(PUBLIC_ONLY, 'http://notes.example.net/logout') && mayBeCalled(TRYING, 'http://notes.example.net/logout'));
  for (const url of [
    'file:///etc/passwd',
    'ftp://example.com/',
    'gopher://example.com/',
    'data:,x',
    'javascript:alert(1)',
    'unix:/run/docker.sock',
    '//example.com',
    'example.com',
    '',
  ])
    assert.ok(!mayBeCalled(TRYING, url), url);
  for (const url of ['https://u:p@example.com/', 'https://u@example.com/', 'https://example.com/#x', 'https://[fe80::1%25lo]/'])
    assert.ok(!mayBeCalled(TRYING, url), url);
  assert.ok(
    !mayBeCalled(PUBLIC_ONLY, 'https://localhost/') &&
      !mayBeCalled(PUBLIC_ONLY, 'https://10.0.0.1/') &&
      mayBeCalled(TRYING, 'http://a.localhost:4001/'),
  );
});

test('who answers for ever, or not at all, is left after its time', async (t) => {
  let open = 0;
  const server = createHttp((request, response) => {
    open += 1;
    response.on('close', () => (open -= 1));
    if (request.url === '/endless') {
      response.writeHead(200);
      const more = () => void (response.write('x'.repeat(65_536)) ? setImmediate(more) : response.once('drain', more));
      more();
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const network = createNetwork({ outgoing: TRYING, callWithin: 500 });
  assert.equal(await network.post(`${origin}/endless`, FORM), 200);
  await assert.rejects(network.post(`${origin}/silent`, FORM), /no answer in time/);
  const unresolved = createNetwork({ outgoing: TRYING, callWithin: 200, lookUp: () => undefined });
  await assert.rejects(unresolved.post('http://site.example.com/', FORM), /no answer in time/);
  const deadline = performance.now() + 30_000;
  while (open > 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(open, 0, 'no connection is kept');
});
