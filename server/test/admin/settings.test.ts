import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ADMIN_PAGES } from '@portico/protocol/admin';
import { en } from '@portico/protocol/texts/en';
import { readSettings } from '../../src/admin/settings.ts';
import { ALL_SETTINGS, explainConfig } from '../../src/config.ts';
import { inWorld } from '../world.ts';
import { staff } from './staff.ts';

const CANARY = 'canary-d41d8cd98f00b204';

inWorld(
  'support sees every setting that doctor knows, with its value, its source and what it does, and nobody else does',
  async (world) => {
    const support = await staff(world, 'support');
    const { items } = await support.see('settings');
    assert.deepEqual(
      items.map(({ name, source, value, secret }) => [name, source, secret && source !== 'generated' ? '' : value]),
      explainConfig().map(({ name, source, value }) => [name, source, value]),
    );
    assert.ok(items.length === ALL_SETTINGS.length && items.every(({ sentence, form }) => sentence !== '' && form !== ''));
    const page = await support.page(ADMIN_PAGES.settings);
    assert.equal(page.status, 200);
    const read = page.text.replaceAll(/<[^>]*>/g, '');
    for (const { name } of items) assert.ok(read.includes(name), name);
    assert.ok(page.text.includes(en.admin.settings.sources.default) && !page.text.includes('<form class="act"'));
    const user = await staff(world, 'user');
    assert.equal((await user.read('settings')).body.error, 'role_required');
  },
);

test('a secret is set or not set: nothing of it is said, whatever it came from, and no password of an address', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'portico-settings-'));
  try {
    const file = join(folder, 'secret');
    await writeFile(file, `${CANARY}\n`);
    const { items } = readSettings(
      explainConfig({
        PORTICO_MASTER_KEY: Buffer.from(CANARY.padEnd(32, '-')).subarray(0, 32).toString('hex'),
        PORTICO_GITHUB_CLIENT_ID: 'the-id',
        PORTICO_GITHUB_CLIENT_SECRET_FILE: file,
        PORTICO_GOOGLE_CLIENT_SECRET: CANARY,
        PORTICO_DATABASE_URL: `postgres://portico:${CANARY}@db.example/portico?sslpassword=${CANARY}`,
        PORTICO_SMTP_URL: `smtps://portico:${CANARY}@mail.example`,
        PORTICO_REDIS_URL: `redis://:${CANARY}@redis.example`,
      }),
    );
    assert.ok(!JSON.stringify(items).includes(CANARY) && !JSON.stringify(items).includes(Buffer.from('canary').toString('hex')));
    const of = (name: string) => items.find((item) => item.name === name);
    const facts = (name: string) => [of(name)?.value, of(name)?.isSet, of(name)?.source];
    assert.deepEqual(facts('PORTICO_MASTER_KEY'), [null, true, 'environment']);
    assert.deepEqual(facts('PORTICO_GITHUB_CLIENT_SECRET'), [null, true, 'file PORTICO_GITHUB_CLIENT_SECRET_FILE']);
    assert.deepEqual(facts('PORTICO_GOOGLE_CLIENT_SECRET'), [null, true, 'environment']);
    assert.deepEqual(facts('PORTICO_DISCORD_CLIENT_SECRET'), [null, false, 'default']);
    assert.deepEqual(facts('PORTICO_GITHUB_CLIENT_ID'), ['the-id', true, 'environment']);
    assert.equal(of('PORTICO_SMTP_URL')?.value, 'smtps://portico:***@mail.example');
    assert.equal(of('PORTICO_DATABASE_URL')?.value, 'postgres://portico:***@db.example/portico?sslpassword=***');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a generated master key is told by the file that it lies in', () => {
  const { items } = readSettings(explainConfig({ PORTICO_DATA_DIR: '/nonexistent/portico' }));
  const key = items.find(({ name }) => name === 'PORTICO_MASTER_KEY');
  assert.deepEqual([key?.source, key?.isSet], ['generated', true]);
  assert.match(key?.value ?? '', /^\/nonexistent\/portico\/master\.key/);
});
