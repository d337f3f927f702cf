import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import tls from 'node:tls';
import type { SMTPServerOptions } from 'smtp-server';
import { within } from '../../test/counts.ts';
import { makeCertificate, startSilentServer, startSmtpCatcher } from '../../test/smtp-catcher.ts';
import { createMailTransport, type Letter, LetterRefused } from './mail.ts';
import { isPlainAddress, parseMailbox } from './mailbox.ts';

const LETTER: Letter = { to: 'ada@example.com', subject: 'Your code', text: 'Grüße\n\n12345678\n', html: '<h1>Grüße</h1>' };
const mailFrom = 'Portico <no-reply@example.com>';

async function catcher(t: TestContext, options: SMTPServerOptions = {}) {
  const server = await startSmtpCatcher(options);
  t.after(() => server.close());
  return server;
}

test('a letter arrives once, as text and HTML, from the configured sender, marked as sent by a machine', async (t) => {
  const server = await catcher(t);
  await createMailTransport({ smtpUrl: `smtp://127.0.0.1:${server.port}`, mailFrom }).send(LETTER);
  const [caught, ...others] = server.letters;
  assert.ok(caught !== undefined && others.length === 0);
  assert.deepEqual([caught.from, caught.recipients], ['no-reply@example.com', ['ada@example.com']]);
  assert.deepEqual(caught.message.from, { name: 'Portico', address: 'no-reply@example.com' });
  assert.deepEqual(caught.message.to, [{ name: '', address: 'ada@example.com' }]);
  assert.equal(caught.message.subject, 'Your code');
  assert.equal(caught.message.text?.trim(), LETTER.text.trim());
  assert.equal(caught.message.html?.trim(), LETTER.html);
  const header = (name: string) => caught.message.headers.find((each) => each.key === name)?.value;
  assert.equal(header('auto-submitted'), 'auto-generated');
});

const HEADERS = [
  'auto-submitted',
  'content-type',
  'date',
  'from',
  'message-id',
  'mime-version',
  'subject',
  'to',
  'x-auto-response-suppress',
];

const HOSTILE_TEXTS = [
  '{{7*7}} ${7*7} <%=7*7%>',
  '<b>Ada</b> <script>alert(1)</script>',
  'Ada, eve@evil.example',
  '"Ada" <eve@evil.example>',
  'Ada\u2028Bcc: eve@evil.example',
  'ü'.repeat(500),
];

test('hostile words in subject and body stay words: one recipient, no header more, every letter as it was', async (t) => {
  const server = await catcher(t);
  const transport = createMailTransport({ smtpUrl: `smtp://127.0.0.1:${server.port}`, mailFrom });
  for (const hostile of HOSTILE_TEXTS) {
    await transport.send({ ...LETTER, subject: hostile, text: `${hostile}\n.\nMAIL FROM:<eve@evil.example>\n`, html: hostile });
    const caught = server.letters.at(-1);
    assert.deepEqual(caught?.recipients, ['ada@example.com']);
    assert.deepEqual(caught.message.headers.map(({ key }) => key).sort(), HEADERS);
    assert.equal(caught.message.subject, hostile);
    assert.ok(caught.message.text?.startsWith(hostile));
  }
  assert.equal(server.letters.length, HOSTILE_TEXTS.length);
});

const NO_PLAIN_ADDRESSES = [
  '',
  'ada',
  '@example.com',
  'ada@',
  'ada@example.com, eve@evil.example',
  'ada@example.com;eve@evil.example',
  'Ada <ada@example.com>',
  '<ada@example.com>',
  'ada@example.com> <eve@evil.example',
  'ada@example.com\r\nRCPT TO:<eve@evil.example>',
  'ada@example.com\nBcc: eve@evil.example',
  'ada@example.com\u0000',
  'ada @example.com',
  'ada@exam ple.com',
  'ada@evil.example@example.com',
  'ada＠evil.example@example.com',
  'ada\uFE6Bevil.example@example.com',
  '"ada@evil.example"@example.com',
  '(comment)ada@example.com',
  'friends: ada@example.com, eve@evil.example;',
  'ada\u202E@example.com',
  `${'('.repeat(100_000)}@example.com`,
  `${'a'.repeat(65)}@example.com`,
];

test('what is not one plain address is refused before a connection is opened', async (t) => {
  const server = await catcher(t);
  const transport = createMailTransport({ smtpUrl: `smtp://127.0.0.1:${server.port}`, mailFrom });
  for (const to of NO_PLAIN_ADDRESSES) {
    assert.equal(isPlainAddress(to), false, JSON.stringify(to));
    await assert.rejects(transport.send({ ...LETTER, to }), LetterRefused, JSON.stringify(to));
  }
  for (const subject of [
    'Hello\r\nBcc: eve@evil.example',
    'Hello\nX: y',
    'Hello\rX: y',
    'Hello\u0000',
    'Hello\u0085X: y',
    '=?utf-8?q?=0D=0ABcc:_eve@evil.example?=',
  ]) {
    await assert.rejects(transport.send({ ...LETTER, subject }), LetterRefused, JSON.stringify(subject));
  }
  assert.equal(server.connections(), 0);
});

test('a sender is one mailbox or nothing', () => {
  assert.deepEqual(parseMailbox('Portico <no-reply@example.com>'), { name: 'Portico', address: 'no-reply@example.com' });
  assert.deepEqual(parseMailbox(' no-reply@example.com '), { name: '', address: 'no-reply@example.com' });
  for (const to of NO_PLAIN_ADDRESSES.filter((each) => !/^(?:Ada )?<ada@example.com>$/.test(each)))
    assert.equal(parseMailbox(to), null, JSON.stringify(to));
});

const certificate = makeCertificate('localhost');
const withTls: SMTPServerOptions = {
  ...certificate,
  disabledCommands: [],
  onAuth: ({ username, password }, _session, done) => {
    if (username === 'portico' && password === 'p@ss/word') done(null, { user: username });
    else done(new Error('Invalid username or password'));
  },
};
const LOGIN = 'portico:p%40ss%2Fword';

test('with STARTTLS and a password the letter goes encrypted and signed in', async (t) => {
  trustCertificate(t);
  const server = await catcher(t, withTls);
  const transport = createMailTransport({ smtpUrl: `smtp://${LOGIN}@localhost:${server.port}?tls=required`, mailFrom });
  await transport.verify();
  await transport.send(LETTER);
  assert.deepEqual([server.letters[0]?.secure, server.letters[0]?.user], [true, 'portico']);
});

test('with TLS from the first byte the letter goes encrypted and signed in', async (t) => {
  trustCertificate(t);
  const server = await catcher(t, { ...withTls, secure: true });
  await createMailTransport({ smtpUrl: `smtps://${LOGIN}@localhost:${server.port}`, mailFrom }).send(LETTER);
  assert.deepEqual([server.letters[0]?.secure, server.letters[0]?.user], [true, 'portico']);
});

test('a certificate that nobody vouches for, or of another name, gets no letter and no password', async (t) => {
  const tried: string[] = [];
  const spying: SMTPServerOptions = {
    ...withTls,
    onAuth: ({ username = '' }, _session, done) => (tried.push(username), done(null, { user: username })),
  };
  const server = await catcher(t, spying);
  const secure = await catcher(t, { ...spying, secure: true });
  const urls = [`smtp://${LOGIN}@localhost:${server.port}?tls=required`, `smtps://${LOGIN}@localhost:${secure.port}`];
  for (const smtpUrl of urls) await assert.rejects(createMailTransport({ smtpUrl, mailFrom }).send(LETTER), /certificate/);
  trustCertificate(t);
  const otherName = urls.map((url) => url.replace('localhost', '127.0.0.1'));
  for (const smtpUrl of otherName) await assert.rejects(createMailTransport({ smtpUrl, mailFrom }).send(LETTER), /IP address|altnames/i);
  assert.deepEqual([server.letters, secure.letters, tried], [[], [], []]);
});

test('where TLS is required a server without STARTTLS gets no letter and no password: an attacker in between cannot strip it', async (t) => {
  const server = await catcher(t, { ...withTls, disabledCommands: ['STARTTLS'] });
  const transport = createMailTransport({ smtpUrl: `smtp://${LOGIN}@localhost:${server.port}?tls=required`, mailFrom });
  await assert.rejects(transport.send(LETTER), /STARTTLS/);
  assert.equal(server.letters.length, 0);
});

test('wrong credentials, and a server that takes none although some are given, send nothing and may be tried again', async (t) => {
  trustCertificate(t);
  const server = await catcher(t, withTls);
  const open = await catcher(t);
  for (const smtpUrl of [`smtp://portico:wrong@localhost:${server.port}`, `smtp://${LOGIN}@127.0.0.1:${open.port}`]) {
    const transport = createMailTransport({ smtpUrl, mailFrom });
    await assert.rejects(transport.send(LETTER), (error) => !(error instanceof LetterRefused));
    await assert.rejects(transport.verify());
  }
  assert.deepEqual([server.letters, open.letters], [[], []]);
});

test('a recipient refused for good is told apart from one refused for now', async (t) => {
  const refusing = (code: number) =>
    catcher(t, { onRcptTo: (_address, _session, done) => done(Object.assign(new Error('no'), { responseCode: code })) });
  for (const [code, forGood] of [
    [550, true],
    [553, true],
    [450, false],
    [452, false],
    [421, false],
    [554, false],
  ] as const) {
    const server = await refusing(code);
    const sending = createMailTransport({ smtpUrl: `smtp://127.0.0.1:${server.port}`, mailFrom }).send(LETTER);
    await assert.rejects(sending, (error) => error instanceof LetterRefused === forGood, String(code));
  }
});

test('nobody waits long for a silent server: not before the greeting, not after it, not for a closed port', async (t) => {
  for (const greeting of ['', '220 ready\r\n', '220-']) {
    const server = await startSilentServer(greeting);
    t.after(() => server.close());
    const began = performance.now();
    await assert.rejects(createMailTransport({ smtpUrl: `smtp://127.0.0.1:${server.port}`, mailFrom }, 200).send(LETTER), /time|greeting/i);
    assert.ok(performance.now() - began < within(1500));
  }
  await assert.rejects(createMailTransport({ smtpUrl: 'smtp://127.0.0.1:1', mailFrom }, 200).send(LETTER), /ECONNREFUSED/);
});

test('a server that drips one line at a time is left after three times the patience', async (t) => {
  const server = await startSilentServer('220 ready\r\n', '250-more\r\n');
  t.after(() => server.close());
  const began = performance.now();
  const transport = createMailTransport({ smtpUrl: `smtp://127.0.0.1:${server.port}`, mailFrom }, 300);
  await assert.rejects(transport.send(LETTER), /abort/i);
  assert.ok(performance.now() - began < within(1500));
});

function trustCertificate(t: TestContext): void {
  const before = tls.getCACertificates('default');
  tls.setDefaultCACertificates([...before, certificate.cert]);
  t.after(() => tls.setDefaultCACertificates(before));
}
