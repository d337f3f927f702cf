import assert from 'node:assert/strict';
import { test } from 'node:test';
import { doctor, held, PUBLIC, told } from './examined.ts';

const env = {
  ...PUBLIC,
  PORTICO_ORIGIN: 'https://example.com',
  PORTICO_APP_ORIGIN: 'https://app.example.com',
  PORTICO_API_ORIGIN: 'https://api.example.com',
  PORTICO_ASSET_BASE: 'https://cdn.example.net',
  PORTICO_SMTP_URL: 'smtp://mail.example.com',
  PORTICO_GITHUB_CLIENT_ID: 'ours',
  PORTICO_GITHUB_CLIENT_SECRET: 'canary-secret',
};

test('every name that browsers, letters and sign-ins need is looked up', async (t) => {
  const addresses = {
    'example.com': '203.0.113.7',
    'app.example.com': '10.1.2.3',
    'cdn.example.net': '2001:db8::7',
    'github.com': '198.51.100.1',
  };
  const checks = await doctor(t, { only: 'dns', env, outside: { names: held(addresses) } });
  assert.equal(told(checks, 'dns github.com'), 'ok: sign-in with GitHub: 198.51.100.1');
  assert.equal(told(checks, 'dns app.example.com'), 'warn: PORTICO_APP_ORIGIN: 10.1.2.3: from here it leads only to an internal address');
  assert.equal(told(checks, 'dns api.example.com'), 'fail: PORTICO_API_ORIGIN: there is no such name');
  assert.equal(told(checks, 'dns mail.example.com'), 'fail: PORTICO_SMTP_URL: there is no such name');
  assert.equal(checks.length, 6);
});

test('a name server that is silent costs one patience, and is named', async (t) => {
  const names = held({ 'example.com': 'silent', 'app.example.com': '8.8.8.8' });
  const checks = await doctor(t, { only: 'dns', env, outside: { names, patience: 3000 } });
  assert.match(told(checks, 'dns'), /^warn: 1 of 6 gave no answer within 3 s$/);
  assert.match(told(checks, 'dns app.example.com'), /^ok/);
});

test('records that keep letters out of the spam folder are looked for, where letters leave', async (t) => {
  const mail = async (texts: Readonly<Record<string, readonly string[]>>, more = {}) =>
    doctor(t, {
      only: 'mail',
      env: { ...env, PORTICO_SMTP_URL: 'smtp://127.0.0.1:9', PORTICO_MAIL_FROM: 'Ada <hello@example.com>', ...more },
      outside: { names: held({}, texts) },
    });
  const good = await mail({ 'example.com': ['google-site=1', 'v=spf1 mx -all'], '_dmarc.example.com': ['v=DMARC1; p=reject'] });
  assert.equal(told(good, 'mail SPF'), 'ok: example.com: v=spf1 mx -all');
  assert.equal(told(good, 'mail DMARC'), 'ok: _dmarc.example.com: v=DMARC1; p=reject');
  const none = await mail({});
  assert.match(told(none, 'mail SPF'), /^warn: example\.com has no such record/);
  assert.match(told(none, 'mail DMARC'), /^warn: _dmarc\.example\.com has no such record/);
  const two = await mail({ 'example.com': ['v=spf1 mx -all', 'v=spf1 a -all'] });
  assert.match(told(two, 'mail SPF'), /^warn: example\.com has 2 such records, so none counts/);
  const local = await mail({}, { PORTICO_MAIL_FROM: 'no-reply@localhost' });
  assert.match(told(local, 'mail SPF'), /^nothing is said/);
});

test('the layout of the hosts decides about cookies', async (t) => {
  const cookies = async (more: Readonly<Record<string, string>>) => told(await doctor(t, { only: 'cookies', env: more }), 'cookies');
  assert.match(await cookies({}), /^ok: one origin: plain cookies, good on this machine only$/);
  assert.match(await cookies(env), /^ok: three origins of one site, cookies at https:\/\/api\.example\.com alone: __Host- cookies/);
});
