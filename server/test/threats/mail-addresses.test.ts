import assert from 'node:assert/strict';
import { PAGES } from '@portico/protocol/routes';
import { createMailTransport } from '../../src/platform/mail.ts';
import { within } from '../counts.ts';
import { startSmtpCatcher } from '../smtp-catcher.ts';
import { inWorld, PASSWORD, type World } from '../world.ts';

/** What a stranger types into the address field: exactly one recipient, or a refusal before anything is counted, hashed or written. */

const AT_SIGNS = ['\uFF20', '\uFE6B', '&#64;', '&commat;', '\u0040\u0040'].flatMap((at) => [
  `ada${at}evil.example`,
  `ada${at}evil.example@example.com`,
  `ada@evil.example${at}example.com`,
]);

const SEVERAL = [
  'ada@evil.example@example.com',
  '"ada@evil.example"@example.com',
  "'ada@evil.example'@example.com",
  'ada@example.com,eve@evil.example',
  'ada@example.com;eve@evil.example',
  'ada@example.com eve@evil.example',
  'ada@example.com\teve@evil.example',
  'Ada <ada@example.com>',
  '<ada@example.com>',
  'ada@example.com> <eve@evil.example',
  'ada@example.com><eve@evil.example>',
  'friends: ada@example.com, eve@evil.example;',
  'friends:;',
  '@evil.example:ada@example.com',
  '@evil.example,@other.example:ada@example.com',
  'ada(comment)@example.com',
  'ada@example.com(eve@evil.example)',
  'ada@[127.0.0.1]',
  'ada@[IPv6:::1]',
];

const LINES = ['\r\n', '\n', '\r', '\u0000', '\u000B', '\u000C', '\u0085', '\u2028', '\u2029', '\\r\\n'].flatMap((end) => [
  `ada@example.com${end}Bcc: eve@evil.example`,
  `ada${end}@example.com`,
  `ada@example.com${end}RCPT TO:<eve@evil.example>`,
]);

const FORMS = [
  '@',
  'ada',
  'ada@',
  '@example.com',
  'ada@example',
  'ada@.com',
  'ada@example..com',
  'ada@-example.com',
  'ada@example-.com',
  'ada@example.com.',
  '.ada@example.com',
  'ada.@example.com',
  'a..da@example.com',
  `${'a'.repeat(65)}@example.com`,
  `ada@${'a'.repeat(64)}.com`,
  `ada@${'a.'.repeat(125)}com`,
  'ada@exa mple.com',
  'ada@exam\u202Eple.com',
  'ada\u200B@example.com',
  'ada@example\u3002com',
  'ad\uFF41@example.com',
  'ada@\u2460.com',
  // An encoded word, which some mail libraries decode into another address.
  '=?utf-8?q?ada=40evil.example?=',
  '=?utf-8?q?ada=40evil.example=3e=00?=ada@example.com',
];

const LONG = ['(', '"', '@', 'a@', '<', 'a.', '\\', ',', 'g:', 'é'].flatMap((part) => [
  part.repeat(20_000),
  `${part.repeat(15_000)}@example.com`,
  `ada@${part.repeat(15_000)}`,
]);

const ALL = [...AT_SIGNS, ...SEVERAL, ...LINES, ...FORMS];

async function nothingCame(world: World): Promise<void> {
  for (const table of ['mails', 'signups', 'sessions', 'counters', 'events']) {
    assert.deepEqual(await world.deps.db.all(`select * from ${table}`), [], table);
  }
}

inWorld(
  'an address with a second @, a look-alike @, a line break, a list or a comment is refused before anything is counted or written',
  async (world) => {
    assert.ok(ALL.length > 80);
    const browser = world.browser();
    for (const email of ALL) {
      for (const [call, body] of [
        ['signUp', { email, password: PASSWORD }],
        ['signInCredential', { email, password: PASSWORD }],
        ['forgotPassword', { email }],
      ] as const) {
        const answered = await browser.call(call, body);
        assert.deepEqual(
          [answered.status, Object.keys(answered.body['fields'] ?? {})],
          [400, ['email']],
          `${call} ${JSON.stringify(email)}`,
        );
      }
    }
    await nothingCame(world);
  },
);

inWorld('so it is in the plain forms, which show the address again and mail nobody', async (world) => {
  const browser = world.browser();
  const form = await browser.send('GET', PAGES.signUp, undefined, { headers: { accept: 'text/html' } });
  const form_token = /name="form_token" value="([^"]+)"/.exec(form.text)?.[1] ?? '';
  for (const email of ALL.filter((_, n) => n % 4 === 0)) {
    for (const path of [PAGES.signUp, PAGES.forgot]) {
      const answered = await browser.submit(path, { form_token, email, password: PASSWORD });
      assert.equal(answered.status, 400, `${path} ${JSON.stringify(email)}`);
    }
  }
  await nothingCame(world);
});

inWorld('nor does an account move to such an address', async (world) => {
  const browser = await world.signedUp('ada@example.com');
  const before = (await world.mails()).length;
  for (const email of ALL) assert.equal((await browser.act('myEmail', { email })).status, 400, JSON.stringify(email));
  assert.equal((await world.mails()).length, before);
});

inWorld('an address of sixty kilobytes is refused at once, one of a hundred is not even read', async (world) => {
  const browser = world.browser();
  for (const email of LONG) {
    const began = performance.now();
    const answered = await browser.call('signUp', { email, password: PASSWORD });
    assert.ok([400, 413].includes(answered.status), `${answered.status} for ${email.slice(0, 20)}…`);
    assert.ok(performance.now() - began < within(1000), `${email.slice(0, 20)}… took ${performance.now() - began} ms`);
    assert.ok(answered.text.length < 2000, 'the answer repeats the address');
  }
  for (const nested of ['('.repeat(100_000), `${'a:'.repeat(50_000)}${';'.repeat(50_000)}`, `"${'\\"'.repeat(50_000)}"@example.com`])
    assert.equal((await browser.call('signUp', { email: nested, password: PASSWORD })).status, 413);
  await nothingCame(world);
});

const PLAIN = [
  'ada@example.com',
  "o'brien@example.com",
  'ada+portico@example.com',
  'a.d.a@sub.example.co.uk',
  '{ada}|~`!#$%&*/=?^_-@example.com',
  'ADA@EXAMPLE.COM',
  '-ada@example.com',
  'ada@localhost',
  // Nothing decodes an address: these are odd names at example.com, and no other place.
  'ada%40evil.example@example.com',
  'ada%2540evil.example@example.com',
  'ada=40evil.example@example.com',
  'ada%0d%0aBcc@example.com',
  'evil.example!ada@example.com',
];

inWorld('what is taken reaches exactly one recipient, spelled as it was typed, through a real mail server', async (world, t) => {
  const catcher = await startSmtpCatcher();
  t.after(() => catcher.close());
  const transport = createMailTransport({ smtpUrl: `smtp://127.0.0.1:${catcher.port}`, mailFrom: world.deps.config.mailFrom });
  for (const email of PLAIN) {
    const spaced = ` ${email} `;
    assert.equal((await world.browser().call('signUp', { email: spaced, password: PASSWORD })).status, 200, email);
    const [letter] = await world.mails();
    assert.equal(letter?.to, email);
    await transport.send(letter);
    const caught = catcher.letters.at(-1);
    // A domain has no case.
    const arrived = email.replace(/@.*/, (domain) => domain.toLowerCase());
    assert.deepEqual(caught?.recipients, [arrived]);
    assert.deepEqual(
      caught?.message.to?.map(({ address }) => address),
      [arrived],
    );
    assert.equal(caught?.message.cc ?? caught?.message.bcc, undefined);
  }
  assert.equal(catcher.letters.length, PLAIN.length);
});
