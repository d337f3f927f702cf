import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { SMTPServerOptions } from 'smtp-server';
import { makeCertificate, startSilentServer, startSmtpCatcher } from '../smtp-catcher.ts';
import { doctor, told } from './examined.ts';

async function mailOf(t: TestContext, url: string, patience = 5000) {
  return doctor(t, { only: 'mail', env: { PORTICO_SMTP_URL: url, PORTICO_MAIL_FROM: 'hello@localhost' }, outside: { patience } });
}

async function catcher(t: TestContext, options: SMTPServerOptions) {
  const server = await startSmtpCatcher(options);
  t.after(() => server.close());
  return server;
}

test('the mail server is asked whether our sender may send, signed in and over TLS, and gets no letter', async (t) => {
  const senders: string[] = [];
  const seen: string[] = [];
  const server = await catcher(t, {
    ...makeCertificate('localhost'),
    disabledCommands: [],
    onAuth: (auth, session, done) => {
      seen.push(`${String(auth.username)} ${session.secure}`);
      return auth.password === 'canary-pass' ? done(null, { user: auth.username }) : done(new Error('no'));
    },
    onMailFrom: (address, _session, done) => {
      senders.push(address.address);
      return address.address === 'hello@localhost' ? done() : done(Object.assign(new Error('not yours'), { responseCode: 553 }));
    },
    onRcptTo: (_address, _session, done) => {
      senders.push('a recipient');
      done();
    },
  });
  const checks = await mailOf(t, `smtp://ada:canary-pass@127.0.0.1:${server.port}`);
  assert.match(told(checks, 'mail'), /^ok: 127\.0\.0\.1:\d+ answers, with STARTTLS.*, and lets us sign in$/);
  assert.equal(told(checks, 'mail sender'), 'ok: hello@localhost may send');
  assert.deepEqual([senders, server.letters.length, [...new Set(seen)]], [['hello@localhost'], 0, ['ada true']]);

  const other = await doctor(t, {
    only: 'mail',
    env: { PORTICO_SMTP_URL: `smtp://ada:canary-pass@127.0.0.1:${server.port}`, PORTICO_MAIL_FROM: 'eve@localhost' },
  });
  assert.equal(told(other, 'mail sender'), 'fail: the mail server refuses eve@localhost as sender (status 553)');

  const wrong = await mailOf(t, `smtp://ada:canary-wrong@127.0.0.1:${server.port}`);
  assert.match(told(wrong, 'mail'), /^fail: 127\.0\.0\.1:\d+ takes no letters: /);
  assert.match(told(wrong, 'mail sender'), /^warn: not tried: /);
  assert.doesNotMatch(JSON.stringify([checks, other, wrong]), /canary/);
});

test('a mail server without sign-in is asked for the sender too', async (t) => {
  const server = await catcher(t, {
    onMailFrom: (_address, _session, done) => done(Object.assign(new Error('who are you'), { responseCode: 550 })),
  });
  const checks = await mailOf(t, `smtp://127.0.0.1:${server.port}`);
  assert.equal(told(checks, 'mail sender'), 'fail: the mail server refuses hello@localhost as sender (status 550)');
});

test('a mail server that takes the connection and is silent fails by name, within the patience', async (t) => {
  for (const greeting of ['', '220 mail.example.com ESMTP\r\n']) {
    const server = await startSilentServer(greeting);
    t.after(() => server.close());
    const checks = await mailOf(t, `smtp://127.0.0.1:${server.port}`, 2000);
    assert.match(told(checks, 'mail'), /^fail: (127\.0\.0\.1:\d+ takes no letters: |no answer within 2(?:\.4)? s)/);
  }
});

test('a certificate that nobody vouches for is refused where TLS is required', async (t) => {
  const server = await catcher(t, { ...makeCertificate('localhost'), disabledCommands: ['AUTH'] });
  const checks = await mailOf(t, `smtp://127.0.0.1:${server.port}?tls=required`);
  assert.match(told(checks, 'mail'), /^fail: .*takes no letters: .*self-signed/);
});
