import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { bundleApp } from './bundle-app.ts';

const APP = `import { createPortico } from '@portico/client';
globalThis.portico = createPortico({ issuer: 'https://auth.example.com', clientId: 'space-snake' });`;

/** Bytes. */
const BUDGET = 6 * 1024;

test('an app of the cookie mode loads less than 6 KB, and nothing of the other modes', async (t) => {
  const files = await bundleApp(APP);
  const initial = files.filter((file) => file.initial);
  const size = initial.reduce((sum, { code }) => sum + gzipSync(code, { level: 9 }).length, 0);
  for (const { name, code, initial: first } of files)
    t.diagnostic(`${name}${first ? '' : ' (on demand)'}: ${gzipSync(code, { level: 9 }).length} bytes gzipped`);
  assert.ok(size < BUDGET, `${size} bytes`);
  const [now = '', later = ''] = [true, false].map((first) =>
    files
      .filter((file) => file.initial === first)
      .map(({ code }) => code)
      .join(),
  );
  for (const sign of ['dpop+jwt', 'code_challenge', '/me']) {
    assert.ok(later.includes(sign), `${sign} is somewhere`);
    assert.ok(!now.includes(sign), `${sign} is not loaded with the page`);
  }
});
