import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Asker } from '@portico/server';
import { answer, issuer } from './issuer.ts';
import { type Row, requireRefused } from './refused.ts';

test('the token comes in one Authorization header: no other scheme, no second header, no address, no form, no cookie', async () => {
  const at = issuer();
  const [token, other] = [at.sign(), at.sign({ ...at.claims, jti: 'O'.repeat(22) })];
  const web = (headers: HeadersInit, url = 'https://notes.example/', init: RequestInit = {}): Asker =>
    new Request(url, { ...init, headers });
  const bearer = `Bearer ${token}`;
  const twice = (second: string) => ({
    headers: { authorization: bearer },
    rawHeaders: ['Host', 'x', 'Authorization', bearer, 'authorization', second],
  });
  await requireRefused(at, [
    ...[
      `Basic ${token}`,
      `DPoP ${token}`,
      token,
      `Bearer${token}`,
      `Bearer=${token}`,
      `Bearer\t${token}`,
      'Bearer',
      'Bearer ',
      `Token ${bearer}`,
    ].map((authorization): Row => [authorization.slice(0, 12), { headers: { authorization } }]),
    ['twice in one', { headers: { authorization: `${bearer}, Bearer ${other}` } }],
    ['twice the same in one', { headers: { authorization: `${bearer},${bearer}` } }],
    [
      'a web request with two',
      web([
        ['authorization', bearer],
        ['authorization', `Bearer ${other}`],
      ]),
    ],
    ['a list', { headers: { authorization: [bearer, bearer] } }],
    ['two headers at Node', twice(`Bearer ${other}`)],
    ['two headers at Node, the second empty', twice('')],
    ['two headers at Fastify', { headers: { authorization: bearer }, raw: twice(`Basic ${other}`) }],
    ['in the address', web({}, `https://notes.example/?access_token=${token}&authorization=${encodeURIComponent(bearer)}#${token}`)],
    [
      'in a form',
      web({ 'content-type': 'application/x-www-form-urlencoded' }, undefined, { method: 'POST', body: `access_token=${token}` }),
    ],
    ['in a cookie', web({ cookie: `access_token=${token}; authorization=${bearer}` })],
    ['in other headers', web({ 'x-access-token': token, 'proxy-authorization': bearer, 'x-authorization': bearer })],
    // A refresh token, an id, a word.
    ...['ptr_' + 'R'.repeat(43), 'S'.repeat(22), 'null', 'undefined', '[object Object]', '..', '...', 'a.b.c'].map(
      (text): Row => [text, text],
    ),
  ]);
  const verifier = at.verifier();
  for (const authorization of [bearer, `bearer ${token}`, `BEARER   ${token}`])
    assert.equal(await answer(verifier, web({ authorization })), '200');
  assert.equal(await answer(verifier, { headers: { authorization: bearer }, rawHeaders: ['Authorization', bearer] }), '200');
});
