import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SYSTEM } from '@portico/protocol/routes';
import { thisMachine } from '../../src/cli/doctor.ts';
import { startFreezableProxy } from '../freezable-proxy.ts';
import { startRedis } from '../redis.ts';
import { certified, doctor, held, told } from './examined.ts';

const MB = 2 ** 20;

test('a provider must answer, and its document must be its own', async (t) => {
  const authority = certified(t);
  let issuer = '';
  let status = 200;
  const port = await authority.serve({ host: 'id.example.net' }, (path) =>
    path === SYSTEM.openIdConfiguration ? { status, body: JSON.stringify({ issuer }) } : { status: 404 },
  );
  const address = `https://id.example.net:${port}`;
  const env = { PORTICO_GOOGLE_CLIENT_ID: 'ours', PORTICO_GOOGLE_CLIENT_SECRET: 'canary', PORTICO_GOOGLE_ISSUER: address };
  const github = {
    PORTICO_GITHUB_CLIENT_ID: 'ours',
    PORTICO_GITHUB_CLIENT_SECRET: 'canary',
    PORTICO_GITHUB_URL: 'https://id.example.net:9',
  };
  const providers = () =>
    doctor(t, { only: 'providers', env: { ...env, ...github }, outside: { names: held({ 'id.example.net': '127.0.0.1' }) } });
  issuer = address;
  const good = await providers();
  assert.match(told(good, 'provider Google'), /^ok: https:\/\/id\.example\.net:\d+\/\.well-known\/openid-configuration answers$/);
  assert.match(told(good, 'provider GitHub'), /^fail: .* is not reached \(ECONNREFUSED\)$/);
  issuer = 'https://evil.example.net';
  assert.match(told(await providers(), 'provider Google'), /^fail: .* is not the document of .*, but of https:\/\/evil\.example\.net$/);
  status = 503;
  assert.match(told(await providers(), 'provider Google'), /^fail: .* answers 503$/);
  assert.equal(told(await doctor(t, { only: 'providers' }), 'providers'), 'ok: none is offered');
});

test('Redis is asked for its version, its memory and its speed; one that would refuse news is a warning, a frozen one a failure', async (t) => {
  const redis = await startRedis(t);
  if (redis === null) return;
  const ask = (url = redis.url) => doctor(t, { only: 'redis', env: { PORTICO_REDIS_URL: url } });
  const good = await ask();
  assert.match(told(good, 'redis'), /^ok: 127\.0\.0\.1:\d+ answers in \d+\.\d ms$/);
  assert.match(told(good, 'redis memory'), /^ok: version \d+\.\d+\.\d+, no limit, noeviction; needs no persistence$/);
  await redis.command('CONFIG', 'SET', 'maxmemory', '100mb');
  assert.match(told(await ask(), 'redis memory'), /^warn: version .*, \d+ % of its limit used, noeviction/);
  await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
  assert.match(told(await ask(), 'redis memory'), /^ok: /);
  const wire = await startFreezableProxy({ host: '127.0.0.1', port: Number(new URL(redis.url).port) });
  t.after(() => wire.close());
  wire.freeze();
  assert.match(told(await ask(`redis://127.0.0.1:${wire.port}`), 'redis'), /^fail: 127\.0\.0\.1:\d+ does not answer/);
});

test('a disk that is nearly full, memory for no password, and secrets that everybody can read are said', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'portico-doctor-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'key');
  writeFileSync(path, '8f3a1c5e7b9d2f406183a5c7e9fb0d2e4f60718293a4b5c6d7e8f90a1b2c3d4e', { mode: 0o600 });
  const env = { PORTICO_MASTER_KEY_FILE: path };
  const { secretFiles } = thisMachine(env);
  const machine = (outside: object) => doctor(t, { only: 'machine', env, outside: { secretFiles, ...outside } });
  const good = await machine({ freeBytes: () => 5 * 1024 * MB, memory: 300 * MB });
  assert.match(told(good, 'disk'), /^ok: 5 GB free for the database/);
  assert.match(told(good, 'runtime'), /^ok: Node \d+\.\d+\.\d+ on \w+, 300 MB of memory$/);
  assert.match(told(good, 'secret PORTICO_MASTER_KEY'), /^nothing is said/);
  assert.match(told(await machine({ freeBytes: () => 500 * MB }), 'disk'), /^warn: 500 MB free/);
  assert.match(told(await machine({ freeBytes: () => 50 * MB }), 'disk'), /^fail: 50 MB free/);
  assert.match(told(await machine({ memory: 128 * MB }), 'runtime'), /^warn: .* 128 MB of memory$/);
  chmodSync(path, 0o644);
  assert.match(told(await machine({}), 'secret PORTICO_MASTER_KEY'), /^warn: .*key can be read by everybody on this machine$/);
  assert.ok(thisMachine({}).freeBytes(folder) > 0 && thisMachine({}).memory > 0);
});
