import assert from 'node:assert/strict';
import { ADMIN_EXPORT_PAGES, ADMIN_EXPORTS, ADMIN_PAGES } from '@portico/protocol/admin';
import { COOKIES } from '@portico/protocol/cookies';
import { addSite, openSite } from '../sites.ts';
import { inWorld, MINUTE, PASSWORD } from '../world.ts';
import { staff } from './staff.ts';

/** An operator's screen may be photographed, and a colleague may look on: nothing on it opens anything. */

inWorld('sessions, invitations, outboxes and keys tell no code, no token, no key and no hash of one', async (world) => {
  const owner = await staff(world);
  const site = await addSite(world, 'notes');
  const ada = await world.signedUp('ada@example.com');
  const { family } = await openSite(world, ada, site);
  await owner.act('invite', { email: 'bob@example.com' });
  await owner.act('rotateKeys');
  world.clock.advance(MINUTE);
  await world.browser().call('signUp', { email: 'eve@example.com', password: PASSWORD });
  // As if a mail server were away: every letter waits, codes and links in it.
  await world.deps.db.all('update mails set sent_at = null');

  const secrets = new Map<string, string>();
  for (const { text } of await world.mails()) {
    for (const [code] of text.matchAll(/\b\d{8}\b/g)) secrets.set(code, 'a mailed code');
    for (const [, token = ''] of text.matchAll(/(?:token|invite)=([A-Za-z0-9_-]+)/g)) secrets.set(token, 'the token of a link');
  }
  for (const token of [family.refreshToken, ada.refreshToken, owner.browser.refreshToken]) secrets.set(token, 'a refresh token');
  for (const { alg, privateKey } of world.deps.keys.signingKeys())
    secrets.set(String(privateKey.export({ format: 'jwk' })['d']), `the private ${alg} key`);
  for (const { chain, tag, csrf, code } of world.deps.keys.chains())
    for (const secret of [chain, tag, csrf, code])
      for (const form of ['base64url', 'base64', 'hex'] as const) secrets.set(secret.toString(form), 'a chain secret');
  const hidden: readonly (readonly [string, string])[] = [
    ['mails', 'sealed'],
    ['chain_keys', 'sealed'],
    ['signing_keys', 'sealed'],
    ['invitations', 'token_hash'],
    ['mail_links', 'token_hash'],
    ['refresh_tokens', 'cur_hash'],
    ['security_codes', 'code_hash'],
    ['passwords', 'hash'],
    ['sessions', 'waiting_hash'],
    ['devices', 'device_hash'],
    ['client_secrets', 'hash'],
  ];
  for (const [table, column] of hidden)
    for (const row of await world.deps.db.all(`select ${column} as hidden from ${table} where ${column} is not null`))
      secrets.set(String(row['hidden']), `${table}.${column}`);
  secrets.delete('');
  const kinds = new Set(secrets.values());
  assert.ok(kinds.size >= hidden.length + 4, [...kinds].join(', '));

  const addresses = [
    ADMIN_PAGES.sessions,
    ADMIN_PAGES.invitations,
    ADMIN_PAGES.mail,
    `${ADMIN_PAGES.mail}?list=logouts`,
    ADMIN_PAGES.keys,
    ADMIN_EXPORT_PAGES + ADMIN_EXPORTS.sessions,
  ];
  const answers = [
    ...(await Promise.all(addresses.map((address) => owner.page(address)))),
    ...(await Promise.all((['sessions', 'invitations', 'mail', 'keys'] as const).map((name) => owner.read(name)))),
  ];
  for (const { status, text } of answers) {
    assert.equal(status, 200);
    for (const [secret, what] of secrets) assert.ok(!text.includes(secret), what);
    assert.ok(!text.includes(COOKIES.refresh));
  }
});
