import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { digestOf, isDigestOf } from '../audit/event-digest.ts';
import { sealHashOf } from '../audit/seal.ts';
import { openState } from '../auth/auth-providers/oauth-state.ts';
import { deriveKey, seal } from './crypto.ts';
import { createFirstVault, createVault, type DataKey, firstDataKey, isUnknownDataKey } from './vault.ts';

/** What version 0.6.0 made, which had no data keys: whoever upgrades opens it, and whoever has not yet opens what the upgraded nodes make. */
const BEFORE = {
  masterKey: createHash('sha256').update('portico v0.6.0').digest(),
  sealed: [
    ['mails m1', 'a letter', 'v1.OgzGQUgoueuAfFI2.tLEIR2f5HqdKv-WAzy_TKeY-rvroy37-'],
    ['chain_keys 0', 'chain secret', 'v1.thz4nr4moLb335wn.Fn99nbvcJw1X-BZxAd5yfgculeT7nFHDUOEO1Q'],
    ['signing_keys kid-1', 'a private key', 'v1.2176tVQRv2TTalmk.M1BiKDHDoP5mLZ1Yra0xzZg-lmxeXY584njoJMU'],
    ['client_secrets s1', 'ptj_secret', 'v1.ncC_0qcTfl8L-dSe.8lWZmLO6f9cIf4X_3lidlHormwXyzmNv644'],
    ['identities github 17', '{"accessToken":"gho"}', 'v1.A0fU3CDT24I9Vqu5.q2w_76faagiXPIPc2tvMBoVsMqPYPRPCIVCbwx1RXmrN0CxRHQ'],
  ],
  event: {
    id: 'AAECAwQFBgcICQoLDA0ODw',
    at: 1_767_614_400_000,
    action: 'signin.succeeded',
    actorId: null,
    userId: 'user-1',
    sessionId: 'session-1',
    clientId: 'portico',
    targetKind: null,
    target: null,
    requestId: 'req-1',
    reason: 'credential',
    address: '198.51.100.7',
    userAgent: 'Firefox',
    beforeJson: null,
    afterJson: null,
  },
  salt: 'c2FsdHNhbHRzYWx0c2FsdA',
  digest: 'tTtpssZ7BO6SYoXjlI643_0_dr_weVZiAzgl_H6pvxg',
  seal: {
    seq: 3,
    previousHash: 'cHJldmlvdXM',
    batchHash: 'YmF0Y2g',
    events: 2,
    fromAt: 1_767_614_400_000,
    untilAt: 1_767_614_401_000,
    sealedAt: 1_767_614_402_000,
  },
  sealHash: '3Z3pai8quxxLJUulmVQyZnLu4efsVlWELgtuwuKMUSU',
  state:
    'v1.m1x3nB_zO6DcfcBa.9TRY-Mfl0pl-9BIsYiTWXVoJq7OQwJQzJNHkmKqz7lH4Ln3HwQhhj3T7w0Z_mCmP-MElQxn0G5ordMQmGKvA-s8UnKqJi0Gy5YOnAPbmJs0fEy_tc9i2rypJB5bALYcjj92M93d--3CXzkWZq7CbtmNmlsaX0dHTM7qyFtyH-oNl29QfMmI5',
} as const;

const AT = BEFORE.event.at;
const dataKey = (id: number, currentFrom: number, endedAt: number | null = null): DataKey => ({
  id,
  secret: randomBytes(32),
  currentFrom,
  endedAt,
});

test('what the version before has sealed, signed and sent through a browser opens, before a rotation and after one', () => {
  const [born, next] = [firstDataKey(BEFORE.masterKey), dataKey(1, AT + 60_000)];
  for (const vault of [createFirstVault(BEFORE.masterKey, () => AT), createVault([born, next], () => AT + 120_000)]) {
    for (const [label, plain, text] of BEFORE.sealed) assert.equal(vault.open(label, text).toString(), plain);
    assert.ok(isDigestOf(vault, { ...BEFORE.event, salt: BEFORE.salt, digest: BEFORE.digest, digestKey: 0, seal: 3 }));
    assert.equal(sealHashOf({ vault }, { ...BEFORE.seal, keyId: 0 }), BEFORE.sealHash);
    assert.equal(openState({ vault, now: () => AT }, 'github', 'transaction-1', BEFORE.state)?.returnTo, '/');
  }
});

test('until the first rotation everything is sealed in the form of the version before, under the same keys', () => {
  const { masterKey } = BEFORE;
  const vault = createFirstVault(masterKey, () => AT);
  assert.match(vault.seal('mails 1', 'a letter'), /^v1\.[\w-]{16}\.[\w-]{32}$/);
  assert.equal(vault.open('mails 1', seal(masterKey, 'mails 1', 'a letter')).toString(), 'a letter');
  assert.deepEqual(vault.derive('audit event'), { keyId: 0, key: deriveKey(masterKey, 'audit event') });
  assert.equal(digestOf(vault.derive('audit event').key, BEFORE.salt, BEFORE.event), BEFORE.digest);
});

test('a data key seals from its moment on, says so in the text, and is readable before', () => {
  let now = AT;
  const [born, next] = [firstDataKey(BEFORE.masterKey), dataKey(7, AT + 60_000)];
  const vault = createVault([next, born], () => now);
  assert.match(vault.seal('mails 1', 'x'), /^v1\./);
  assert.equal(vault.currentForm(), 'v1.');
  const ahead = createVault([born, next], () => AT + 60_000).seal('mails 1', 'x');
  assert.match(ahead, /^v2\.7\.[\w-]{16}\.[\w-]+$/);
  assert.equal(vault.open('mails 1', ahead).toString(), 'x', 'sealed by a node whose clock is ahead');
  now += 60_000;
  assert.deepEqual([vault.currentId(), vault.currentForm(), vault.derive('audit seal').keyId], [7, 'v2.7.', 7]);
  assert.notDeepEqual(vault.derive('audit seal').key, vault.deriveOf(0, 'audit seal'));
  assert.equal(vault.deriveOf(6, 'audit seal'), null);
});

test('a text of one key, label, purpose or form does not open as one of another', () => {
  const keys = [firstDataKey(BEFORE.masterKey), dataKey(1, 1), dataKey(2, 2)];
  const vault = createVault(keys, () => AT);
  const sealed = vault.seal('mails 1', 'x');
  const rest = sealed.slice('v2.2.'.length);
  assert.equal(vault.open('mails 1', sealed).toString(), 'x');
  assert.throws(() => vault.open('mails 2', sealed));
  assert.throws(() => vault.open('mails 1', sealed, 'provider state'));
  assert.throws(() => vault.open('mails 1', vault.seal('mails 1', 'x', 'provider state'), 'provider test'));
  const others = ['v1.', 'v2.1.', 'v2.0.', 'v2.02.', 'v2.2.2.', 'v2.', 'v3.2.', 'v2.-2.', 'v2. 2.', ''];
  for (const form of others) assert.throws(() => vault.open('mails 1', form + rest), form);
  assert.throws(() => vault.open('mails 1', `${sealed}.x`));
  const raw = keys[2]?.secret ?? Buffer.alloc(32);
  assert.throws(() => vault.open('mails 1', seal(raw, 'mails 1', 'x', 'v2.2')), 'the data key itself seals nothing');
});

test('a key that is not known here yet is a 503 and a word to read the keys; one that has ended opens nothing and still proves', () => {
  let asked = 0;
  let now = AT;
  const [born, next] = [firstDataKey(BEFORE.masterKey), dataKey(1, AT)];
  const behind = createVault([born], () => now);
  behind.whenUnknown(() => (asked += 1));
  const sealed = createVault([born, next], () => now).seal('mails 1', 'x');
  assert.throws(
    () => behind.open('mails 1', sealed),
    (error: { code?: string }) => isUnknownDataKey(error) && error.code === 'unavailable',
  );
  assert.equal(asked, 1);
  behind.replace([born, next]);
  assert.equal(behind.open('mails 1', sealed).toString(), 'x');
  const digestKey = behind.deriveOf(0, 'audit event');
  behind.replace([{ ...born, endedAt: now + 1000 }, next]);
  const [label, plain, text] = BEFORE.sealed[0];
  assert.equal(behind.open(label, text).toString(), plain);
  now += 1000;
  assert.throws(() => behind.open(label, text), /opens nothing any more/);
  assert.deepEqual(behind.deriveOf(0, 'audit event'), digestKey);
  assert.equal(asked, 1);
});

test('a digest counts with the key of its time alone: a master key that got out proves nothing that comes later', () => {
  const keys = [firstDataKey(BEFORE.masterKey), dataKey(1, AT + 3_600_000)];
  const vault = createVault(keys, () => AT + 7_200_000);
  const written = (at: number, digestKey: number) => {
    const event = { ...BEFORE.event, at };
    const key = vault.deriveOf(digestKey, 'audit event') ?? Buffer.alloc(32);
    return { ...event, salt: BEFORE.salt, digest: digestOf(key, BEFORE.salt, event), digestKey, seal: null };
  };
  assert.ok(isDigestOf(vault, written(AT, 0)) && isDigestOf(vault, written(AT + 3_601_000, 1)));
  assert.ok(isDigestOf(vault, written(AT + 3_601_000, 0)), 'by a node whose clock is a second behind');
  assert.ok(!isDigestOf(vault, written(AT + 7_200_000, 0)));
  assert.ok(!isDigestOf(vault, written(AT, 1)));
  assert.ok(!isDigestOf(vault, written(AT, 2)));
});
