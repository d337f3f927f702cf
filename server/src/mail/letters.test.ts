import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LANGUAGES, type Texts } from '@portico/protocol/texts';
import { en } from '@portico/protocol/texts/en';
import { UNUSUAL_REASONS } from '@portico/protocol/tokens';
import type { Letter } from '../platform/mail.ts';
import {
  accountDeletedLetter,
  accountExistsLetter,
  codeLetter,
  confirmEmailLetter,
  emailChangedLetter,
  emailWillChangeLetter,
  forcedResetLetter,
  invitationLetter,
  newSignInLetter,
  passwordAddedLetter,
  passwordChangedLetter,
  proofCodeLetter,
  resetPasswordLetter,
  securityCodeLetter,
  sessionHeldLetter,
  verifyAddressLetter,
  wayInAddedLetter,
  wayInRemovedLetter,
} from './letters.ts';

const SITE = { origin: 'https://auth.example.com', appOrigin: 'https://app.example.com', codeLife: 600_000 };
const SEEN = { device: 'Firefox on Windows', place: '192.0.2.7' };
const to = 'ada@example.com';
const TOKEN = 'T'.repeat(43);
const at = Date.UTC(2026, 0, 5, 12, 30);

const all = (texts: Texts, seen = SEEN): Record<string, Letter> => ({
  code: codeLetter(SITE, texts, { to, code: '12345678' }),
  proofCode: proofCodeLetter(SITE, texts, { to, code: '23456789' }),
  accountExists: accountExistsLetter(SITE, texts, { to }),
  sessionHeld: sessionHeldLetter(SITE, texts, { to, at, ...seen }),
  passwordChanged: passwordChangedLetter(SITE, texts, { to, ...seen }),
  passwordAdded: passwordAddedLetter(SITE, texts, { to, ...seen }),
  wayInRemoved: wayInRemovedLetter(SITE, texts, { to, service: 'GitHub', ...seen }),
  accountDeleted: accountDeletedLetter(SITE, texts, { to }),
  wayInAdded: wayInAddedLetter(SITE, texts, { to, service: 'GitHub', ...seen }),
  verifyAddress: verifyAddressLetter(SITE, texts, { to, code: '34567890', token: TOKEN }),
  confirmEmail: confirmEmailLetter(SITE, texts, { to, token: TOKEN }),
  emailWillChange: emailWillChangeLetter(SITE, texts, { to, ...seen }),
  emailChanged: emailChangedLetter(SITE, texts, { to, token: TOKEN, ...seen }),
  invitation: invitationLetter(SITE, texts, { to, token: TOKEN }),
  securityCode: securityCodeLetter(SITE, texts, { to, code: '45678901', at, reasons: UNUSUAL_REASONS, ...seen }),
  newSignIn: newSignInLetter(SITE, texts, { to, at, token: TOKEN, ...seen }),
  resetPassword: resetPasswordLetter(SITE, texts, { to, token: TOKEN }),
  forcedReset: forcedResetLetter(SITE, texts, { to, token: TOKEN }),
});

test('there is a letter for every wording, in every language, with every blank filled', () => {
  for (const [language, texts] of Object.entries(LANGUAGES)) {
    const letters = all(texts);
    assert.deepEqual(
      Object.keys(letters).sort(),
      Object.keys(texts.mails)
        .filter((name) => name !== 'signature')
        .sort(),
    );
    for (const [name, letter] of Object.entries(letters)) {
      assert.equal(letter.to, to);
      assert.doesNotMatch(
        letter.subject + letter.text + letter.html.replaceAll(/style="[^"]*"/g, ''),
        /\{\w+\}|undefined|NaN/,
        `${language} ${name}`,
      );
      assert.ok(letter.html.includes(`<html lang="${texts.language}">`));
      assert.equal(letter.html.match(/<h1/g)?.length, 1);
    }
  }
});

test('the code stands in the subject, in the text and in the HTML of its letter, and in no other letter', () => {
  const { code, proofCode, verifyAddress, securityCode, ...others } = all(en);
  for (const part of [verifyAddress?.subject, verifyAddress?.text, verifyAddress?.html]) assert.match(part ?? '', /34567890/);
  for (const part of [proofCode?.subject, proofCode?.text, proofCode?.html]) assert.match(part ?? '', /23456789/);
  for (const part of [securityCode?.subject, securityCode?.text, securityCode?.html]) assert.match(part ?? '', /45678901/);
  for (const part of [code?.subject, code?.text, code?.html]) assert.match(part ?? '', /12345678/);
  assert.match(code?.text ?? '', /for 10 minutes/);
  assert.doesNotMatch(JSON.stringify(others), /\b\d{8}\b/);
});

test('links lead to the configured app origin and nowhere else', () => {
  const { accountExists, sessionHeld, resetPassword, securityCode, newSignIn } = all(en);
  assert.match(securityCode?.text ?? '', /choose a new one at https:\/\/app\.example\.com\/forgot\.$/m);
  assert.match(securityCode?.text ?? '', /Firefox on Windows, 192\.0\.2\.7, Jan 5, 2026, 12:30.PM UTC/);
  assert.match(newSignIn?.text ?? '', /https:\/\/app\.example\.com\/auth\/not-me\?token=T{43}/);
  assert.match(accountExists?.html ?? '', /<a href="https:\/\/app\.example\.com\/login">/);
  assert.match(accountExists?.text ?? '', /sign in at https:\/\/app\.example\.com\/login\./);
  assert.match(sessionHeld?.html ?? '', /<a href="https:\/\/app\.example\.com\/auth\/verify-signin">/);
  assert.match(sessionHeld?.text ?? '', /Jan 5, 2026, 12:30.PM UTC/);
  assert.match(resetPassword?.text ?? '', /https:\/\/app\.example\.com\/reset\?token=T{43}$/m);
  for (const { html } of Object.values(all(en))) {
    for (const [, link] of html.matchAll(/(?:href|src|action)="([^"]*)"/g)) assert.ok(link?.startsWith('https://app.example.com/'), html);
  }
});

const HOSTILE = [
  '<script>alert(1)</script>',
  '<b>bold</b>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '&lt;b&gt;',
  '{{7*7}}',
  '${7*7}',
  '<%=7*7%>',
  '{url}',
  '{code}',
  'https://evil.example/',
  'a\r\nBcc: eve@evil.example\r\n\r\nbody',
  'a\u0000b\u0007c',
  'a\u202Egnp.exe',
  'a\u2028b',
];

const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}]/u;

test('hostile devices and places arrive as the words they are: no markup, no template, no second line, no link', () => {
  for (const hostile of HOSTILE) {
    const letters = all(en, { device: hostile, place: hostile });
    for (const letter of [letters['sessionHeld'], letters['passwordChanged']]) {
      assert.ok(letter);
      assert.doesNotMatch(letter.html, /<(?:script|b|img)\b|onmouseover='|href="https:\/\/evil/);
      assert.doesNotMatch(letter.subject, /[\r\n]/);
      assert.doesNotMatch(letter.text, /^(?:Bcc|body)/m);
      assert.doesNotMatch(`${letter.text}${letter.html}`.replaceAll('\n', ''), INVISIBLE);
      if (!INVISIBLE.test(hostile)) assert.ok(letter.text.includes(hostile), hostile);
      assert.equal(letter.html.match(/<a /g)?.length ?? 0, letter === letters['sessionHeld'] ? 1 : 0);
    }
  }
  const long = all(en, { device: 'x'.repeat(100_000), place: 'y' })['passwordChanged'];
  assert.ok((long?.text.length ?? 0) < 2000);
});
