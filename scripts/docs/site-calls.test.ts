import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXTERNAL_ROUTES } from '../../server/src/routes/external.ts';
import { OAUTH_ROUTES } from '../../server/src/routes/oauth.ts';
import { SITE_ROUTES } from '../../server/src/routes/sites.ts';
import { OAUTH_CALLS } from './oauth-calls.ts';
import { EXTERNAL_CALLS, SITE_CALLS } from './site-calls.ts';

test('docs/api.md describes exactly the calls of client sites and of OAuth that there are', () => {
  const names = (routes: readonly { readonly method: string; readonly path: string }[]) =>
    routes.map(({ method, path }) => `${method} ${path}`).sort();
  assert.deepEqual(Object.keys(EXTERNAL_CALLS).sort(), names(EXTERNAL_ROUTES));
  assert.deepEqual(Object.keys(SITE_CALLS).sort(), names(SITE_ROUTES));
  assert.deepEqual(Object.keys(OAUTH_CALLS).sort(), names(OAUTH_ROUTES));
});
