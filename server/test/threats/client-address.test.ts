import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COOKIES } from '@portico/protocol/cookies';
import { GUESS_NETWORK } from '../../src/guessing/limits.ts';
import { canonicalAddress, networkOf } from '../../src/guessing/network-address.ts';
import { inWorld, PASSWORD, type World } from '../world.ts';

/** Whose address counts. A header is a claim; only a declared proxy's claim is believed, and of that only the part which the proxy itself added. */

const WRONG = 'not the password of anybody';
const FORWARDED = [
  'a',
  '',
  ' ',
  '999.1.1.1',
  '1.2.3.4.5',
  '1.2.3',
  '0x7f000001',
  '2130706433',
  '127.0.0.1',
  '::1',
  'unknown',
  '_hidden',
  '%00',
  'x'.repeat(10_000),
  '1.2.3.4, 5.6.7.8',
  '1.2.3.4,,',
  ',,,',
  '1.2.3.4:80',
  '[::1]:80',
  '"1.2.3.4"',
  'for=1.2.3.4',
  "' or 1=1 --",
  '10.0.0.1, 10.0.0.1, 10.0.0.1',
];

const signIn = (world: World, address: string, headers: Record<string, string>, n = 0) =>
  world.browser({ address }).call('signIn', { email: `nobody${n}@example.com`, password: WRONG }, { headers });

/** Counters of sign-ins by network, as they stand. */
async function buckets(world: World): Promise<Readonly<Record<string, number>>> {
  const rows = await world.deps.db.all("select name, count from counters where name like 'guess-network:%' order by name");
  return Object.fromEntries(rows.map((row) => [String(row['name']).slice('guess-network:'.length), row['count'] as number]));
}

inWorld('without a declared proxy every guess counts against the peer, whatever X-Forwarded-For and its like claim', async (world) => {
  for (const [n, claim] of FORWARDED.entries()) {
    const others = {
      'x-real-ip': claim,
      forwarded: `for=${claim}`,
      'true-client-ip': claim,
      'cf-connecting-ip': claim,
      'x-client-ip': claim,
    };
    const answered = await signIn(world, '203.0.113.5', { 'x-forwarded-for': claim, ...others }, n);
    assert.equal(answered.body.error, 'wrong_credentials', `the password is asked for with ${claim.slice(0, 40)}`);
  }
  assert.deepEqual(await buckets(world), { '203.0.113.5': FORWARDED.length });
  for (let n = FORWARDED.length; n < GUESS_NETWORK.max; n += 1)
    await signIn(world, '203.0.113.5', { 'x-forwarded-for': `198.51.100.${n}` }, n);
  for (let n = 0; n < 10; n += 1) {
    const answered = await signIn(world, '203.0.113.5', { 'x-forwarded-for': `192.0.2.${n}` }, 100 + n);
    assert.equal(answered.body.error, 'address_suspended', 'not one guess more');
  }
  const addresses = await world.deps.db.all('select distinct address from events');
  assert.deepEqual(
    addresses.map((row) => row['address']),
    ['203.0.113.5'],
  );
});

inWorld(
  'behind declared proxies the address that the nearest of them saw counts, and what the client wrote in front of it does not',
  async (world) => {
    const through = async (peer: string, header: string) => {
      await world.deps.db.all('delete from counters');
      const answered = await signIn(world, peer, { 'x-forwarded-for': header });
      assert.equal(answered.body.error, 'wrong_credentials', header);
      return Object.keys(await buckets(world))[0];
    };
    assert.equal(await through('10.0.0.1', '198.51.100.7'), '198.51.100.7');
    assert.equal(await through('10.0.0.1', '1.1.1.1, 198.51.100.7'), '198.51.100.7', 'the client wrote the first');
    assert.equal(await through('10.0.0.1', '1.1.1.1, 198.51.100.7, 192.168.1.7'), '198.51.100.7', 'two proxies');
    assert.equal(await through('10.0.0.1', '10.0.0.9, 198.51.100.7'), '198.51.100.7', 'the client claims to be a proxy');
    assert.equal(await through('::ffff:10.0.0.1', '198.51.100.7'), '198.51.100.7', 'the same proxy over a dual-stack socket');
    assert.equal(await through('192.168.1.8', '198.51.100.7'), '192.168.1.8', 'its neighbour is no proxy');
    assert.equal(await through('203.0.113.5', '10.0.0.1'), '203.0.113.5');
    // What nobody can read has one bucket of its own: strangers cannot choose a fresh one with every guess.
    for (const odd of ['a', '999.1.1.1', '1.2.3.4:80', 'x'.repeat(5000), '%00', '_hidden', '"1.2.3.4"'])
      assert.equal(await through('10.0.0.1', `198.51.100.7, ${odd}`), 'unknown', odd.slice(0, 40));
  },
  { config: { trustedProxies: ['10.0.0.0/8', '192.168.1.7/32'] } },
);

inWorld('a thousand addresses of one IPv6 network are one guesser, and so are all spellings of one address', async (world) => {
  const words: (string | undefined)[] = [];
  for (let from = 0; from < 1000; from += 50) {
    const guesses = Array.from({ length: 50 }, (_, n) => {
      const address = `2001:db8:1:2:${(from + n).toString(16)}:${(n * 7).toString(16)}::${(n + 1).toString(16)}`;
      return signIn(world, address, {}, from + n);
    });
    for (const { body } of await Promise.all(guesses)) words.push(body.error);
  }
  assert.equal(words.filter((word) => word === 'wrong_credentials').length, GUESS_NETWORK.max);
  assert.equal(words.filter((word) => word === 'address_suspended').length, 1000 - GUESS_NETWORK.max);
  assert.deepEqual(Object.keys(await buckets(world)), ['2001:db8:1:2::/64']);
  const neighbour = await signIn(world, '2001:db8:1:3::1', {});
  assert.equal(neighbour.body.error, 'wrong_credentials', 'the next network is somebody else');
});

test('every spelling of an address is one address: mapped, upper case, compressed, with leading zeros', () => {
  for (const spelled of [
    '192.0.2.7',
    '::ffff:192.0.2.7',
    '::FFFF:192.0.2.7',
    '::ffff:c000:207',
    '0:0:0:0:0:ffff:c000:0207',
    '0000:0000:0000:0000:0000:ffff:192.0.2.7',
  ])
    assert.deepEqual([canonicalAddress(spelled), networkOf(canonicalAddress(spelled))], ['192.0.2.7', '192.0.2.7'], spelled);
  const six = ['2001:db8::1', '2001:DB8::1', '2001:0db8:0:0:0:0:0:1', '2001:db8:0:0::0:1', '2001:0DB8:0000:0000:0000:0000:0000:0001'];
  for (const spelled of six)
    assert.deepEqual([canonicalAddress(spelled), networkOf(spelled)], ['2001:db8::1', '2001:db8:0:0::/64'], spelled);
  for (const odd of ['', 'a', '999.1.1.1', '1.2.3.4:80', '[::1]', 'x'.repeat(100_000), '\0', '1.2.3.4, 5.6.7.8', 'fe80::1%eth0%x'])
    assert.deepEqual([canonicalAddress(odd), networkOf(odd)], ['unknown', 'unknown'], odd.slice(0, 30));
});

inWorld(
  'host and protocol come from the settings: from a stranger or from a proxy, headers change no cookie, link, issuer or redirect',
  async (world) => {
    const evil = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'http',
      'x-forwarded-port': '80',
      'x-forwarded-server': 'evil.example',
      forwarded: 'host=evil.example;proto=http',
      'x-original-url': '/admin',
      'x-rewrite-url': '/admin',
      'x-http-method-override': 'DELETE',
      'x-user-id': 'root',
    };
    for (const [n, address] of ['203.0.113.5', '10.0.0.1'].entries()) {
      const browser = world.browser({ address });
      const email = `ada${n}@example.com`;
      const begun = await browser.call('signUp', { email, password: PASSWORD }, { headers: evil });
      assert.equal(begun.body['verifyUrl'], 'https://auth.example.com/auth/verify-signin');
      for (const line of begun.setCookies) assert.match(line, /^__Host-[^;]+; Path=\/;.*; Secure; SameSite=Lax$/);
      const [mail] = await world.mails();
      assert.ok(!`${mail?.subject}${mail?.text}${mail?.html}`.includes('evil'));
      const done = await browser.call('verifySignIn', { securityCode: await world.codeFor(email) }, { headers: evil });
      assert.equal(done.status, 200, done.text);
      const claims = JSON.parse(Buffer.from(String(browser.cookie(COOKIES.access)).split('.')[1] ?? '', 'base64url').toString()) as {
        iss: string;
      };
      assert.equal(claims.iss, 'https://auth.example.com');
      await world.browser({ address }).call('forgotPassword', { email }, { headers: evil });
      await browser.act('myEmail', { email: `moved${n}@example.com` }, { headers: evil });
      await browser.act('confirmEmail', { token: await world.tokenFor(`moved${n}@example.com`, 'confirmEmail') }, { headers: evil });
      await world.settled();
      const links = (await world.mails()).flatMap(({ text }) => text.match(/https?:\/\/\S+/g) ?? []);
      assert.ok(links.length >= 5);
      for (const link of links) assert.ok(link.startsWith('https://auth.example.com/'), link);
      const page = await world.browser({ address }).send('GET', '/dashboard', undefined, { headers: { ...evil, accept: 'text/html' } });
      assert.equal(page.headers['location'], '/login?returnTo=%2Fdashboard');
      for (const path of ['/login', '/.well-known/portico', '/.well-known/change-password', '/nowhere'])
        assert.ok(!JSON.stringify(await world.browser({ address }).send('GET', path, undefined, { headers: evil })).includes('evil'), path);
    }
  },
  {
    config: {
      origin: 'https://auth.example.com',
      appOrigin: 'https://auth.example.com',
      apiOrigin: 'https://auth.example.com',
      trustedProxies: ['10.0.0.0/8'],
    },
  },
);
