import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Needs, PorticoError, VerifierOptions } from '@portico/server';
import { portico as express, userOf } from '@portico/server/express';
import { portico as hono } from '@portico/server/hono';
import { requireUser } from '@portico/server/sveltekit';
import { answer, ISSUER, issuer } from './issuer.ts';

/** What a route or a site asks for: a mistake in it must not let everybody in. */

test('needs that would ask for nothing are refused where they are written, and by every request', async () => {
  const wrong: readonly object[] = [
    { roles: ['admin'] },
    { Role: 'admin' },
    { role: undefined },
    { role: [] },
    { role: '' },
    { role: ['admin', ''] },
    { role: 7 },
    { role: { admin: true } },
    { scope: [] },
    { scope: null },
    { amr: [] },
    { fresh: Number.NaN },
    { fresh: Number.POSITIVE_INFINITY },
    { fresh: -1 },
    { fresh: '' },
    { fresh: '5 minutes' },
    { fresh: undefined },
    { revocation: 'rejct' },
    { machines: 'yes' },
    { machines: 1 },
  ];
  const at = issuer();
  const verifier = at.verifier();
  const options: VerifierOptions = { issuer: ISSUER, audience: 'notes', warn: () => undefined };
  for (const each of wrong) {
    const needs = each as Needs;
    const said = JSON.stringify(each);
    assert.throws(() => verifier.guard(needs), TypeError, said);
    assert.throws(() => at.verifier({ needs }), TypeError, `of the site ${said}`);
    assert.throws(() => express(options).requireUser(needs), TypeError, `Express ${said}`);
    assert.throws(() => hono(options).requireUser(needs), TypeError, `Hono ${said}`);
    await assert.rejects(verifier.verify(at.sign(), needs), TypeError, said);
  }
});

test('what a site needs every route needs, unless it says something else under the same name', async () => {
  const at = issuer();
  const verifier = at.verifier({ needs: { role: 'editor', fresh: '5m' } });
  const asked = async (needs: Needs | undefined, changed: object = {}) => {
    const token = at.sign({ ...at.claims, ...changed });
    const code = await verifier
      .guard(needs)(token)
      .then(
        () => '200',
        (refusal: PorticoError) => refusal.code,
      );
    const check = verifier.verify(token, needs);
    await (code === '200' ? check : assert.rejects(check, { code }));
    return code;
  };
  assert.equal(await asked(undefined), '200');
  assert.equal(await answer(verifier, at.sign()), '200');
  assert.equal(await asked(undefined, { roles: ['reader'] }), 'role_missing');
  assert.equal(await asked({ scope: 'email' }, { roles: ['reader'] }), 'role_missing', 'another need leaves the first');
  assert.equal(await asked({ role: 'reader' }, { roles: ['reader'] }), '200');
  assert.equal(await asked({ role: 'reader' }, { roles: ['reader'], auth_time: at.claims.iat - 600 }), 'fresh_signin_required');
  assert.equal(await asked({ fresh: '1h' }, { auth_time: at.claims.iat - 600 }), '200');
  assert.equal(await asked({}, { roles: [] }), 'role_missing');
});

test('a route that forgot its guard has no user: reading one throws, and nobody is let in', async () => {
  assert.throws(() => userOf({}), TypeError);
  const locals = {} as App.Locals;
  const request = new Request('https://notes.example/', { headers: { authorization: `Bearer ${issuer().sign()}` } });
  await assert.rejects(requireUser({ locals, request }), TypeError);
});
