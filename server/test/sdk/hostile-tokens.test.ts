import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { TICKET_TYPES } from '@portico/protocol/tokens';
import { encode, hmacToken, signedWith, without } from '../threats/forged-tokens.ts';
import { answer, ISSUER, type Issuer, issuer, newKey } from './issuer.ts';
import { type Row, requireRefused } from './refused.ts';

/** Tokens as attackers make them, at verifiers that know the genuine one by heart and at those that do not. */

const told = (at: Issuer, name: string, values: readonly unknown[]): Row[] =>
  values.map((value) => [`${name} ${JSON.stringify(value) ?? 'absent'}`, at.sign({ ...at.claims, [name]: value })]);
const headed = (at: Issuer, extra: readonly object[]): Row[] =>
  extra.map((each) => [JSON.stringify(each), at.sign(at.claims, { ...at.header, ...each })]);
/** The claims as a text of one's own. */
const written = (at: Issuer, changes: readonly (readonly [string | RegExp, string])[]): Row[] =>
  changes.map(([from, to]) => {
    const text = JSON.stringify(at.claims);
    const changed = text.replace(from, to);
    assert.notEqual(changed, text);
    return [changed, at.sign(changed)];
  });

test('tokens of other clients, issuers and kinds open nothing, though the right key signed them', async () => {
  const at = issuer();
  const lists = [['notes'], ['notes', 'wiki'], [['notes']], {}, 0, null, true, ''];
  await requireRefused(at, [
    ...told(at, 'aud', ['wiki', 'Notes', 'notes ', 'portico', undefined, ...lists]),
    ['roles at another site', at.sign({ ...at.claims, aud: 'wiki', client_id: 'wiki', roles: ['admin'] })],
    ...told(at, 'iss', [
      `${ISSUER}/`,
      ISSUER.toUpperCase(),
      'http://auth.example.com',
      `${ISSUER}.evil.example`,
      '',
      null,
      undefined,
      [ISSUER],
    ]),
    // An ID token, a logout token, tickets.
    ...headed(
      at,
      ['JWT', 'jwt', 'id+jwt', 'logout+jwt', ...Object.values(TICKET_TYPES), 'at', 'at+jwt+x', '', null, ['at+jwt']].map((typ) => ({
        typ,
      })),
    ),
    ['no kind', at.sign(at.claims, without(at.header, 'typ'))],
    ...['iss', 'aud', 'sub', 'jti', 'iat', 'exp', 'uv', 'sid'].map((name): Row => [`no ${name}`, at.sign(without(at.claims, name))]),
    ...['[]', '"x"', 'null', '7', '', '{', '{"exp":1', `${JSON.stringify(at.claims)}x`].map((text): Row => [text, at.sign(text)]),
  ]);
});

test('other algorithms, "none", and the published key as a secret open nothing', async () => {
  const at = issuer();
  const [, payload = '', signature = ''] = at.sign().split('.');
  const publicKey = createPublicKey(at.privateKey);
  const [pem, der] = [publicKey.export({ format: 'pem', type: 'spki' }).toString(), publicKey.export({ format: 'der', type: 'spki' })];
  const jwk = JSON.stringify(at.published[0]);
  const secrets = [
    pem,
    pem.trim(),
    pem.replaceAll('\n', ''),
    der,
    der.toString('base64'),
    jwk,
    JSON.stringify({ keys: at.published }),
    '',
    '\0',
    'own-key',
  ];
  const { privateKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { privateKey: p384 } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const { privateKey: ed } = generateKeyPairSync('ed25519');
  // What ID tokens are signed with is published beside it.
  at.published = [...at.published, { ...createPublicKey(rsa).export({ format: 'jwk' }), kid: 'id-key', alg: 'RS256', use: 'sig' }];
  const other = (alg: string, hash: string | null, key: Parameters<typeof sign>[2], kid = 'own-key'): Row => {
    const head = `${encode({ ...at.header, alg, kid })}.${encode(at.claims)}`;
    return [alg, `${head}.${sign(hash, Buffer.from(head), key).toString('base64url')}`];
  };
  await requireRefused(at, [
    ...['none', 'None', 'nOnE', '', null, 0, [], ['ES256'], 'es256', 'ES256 '].flatMap((alg) =>
      ['', signature, 'AAAA'].map((end): Row => [`alg ${JSON.stringify(alg)}`, `${encode({ ...at.header, alg })}.${payload}.${end}`]),
    ),
    ...secrets.flatMap((secret) =>
      (['HS256', 'HS384', 'HS512'] as const).map(
        (alg): Row => [`${alg} ${secret.toString()}`, hmacToken(alg, secret, at.header, at.claims)],
      ),
    ),
    other('RS256', 'sha256', rsa),
    other('RS256', 'sha256', rsa, 'id-key'),
    other('PS256', 'sha256', { key: rsa, padding: 6 }),
    other('ES384', 'sha384', { key: p384, dsaEncoding: 'ieee-p1363' }),
    other('EdDSA', null, ed),
    other('ES384', 'sha384', { key: at.privateKey, dsaEncoding: 'ieee-p1363' }),
    other('ES256', 'sha256', { key: at.privateKey, dsaEncoding: 'der' }),
    // CVE-2022-21449.
    ['zeros', at.sign().replace(/[^.]*$/, Buffer.alloc(64).toString('base64url'))],
  ]);
});

test('a site with a secret takes no token of a published key, of another secret, or of another length of hash', async () => {
  const at = issuer();
  const secret = 's'.repeat(32);
  const header = { ...at.header, kid: 'secret-1' };
  const genuine = hmacToken('HS256', secret, header, at.claims);
  const rows: Row[] = [
    ['ES256', at.sign()],
    ['HS384', hmacToken('HS384', secret, header, at.claims)],
    ['HS512', hmacToken('HS512', secret, header, at.claims)],
    ['another secret', hmacToken('HS256', 't'.repeat(32), header, at.claims)],
    ['a longer one', hmacToken('HS256', `${secret}s`, header, at.claims)],
    ['no secret', hmacToken('HS256', '', header, at.claims)],
    ['none', `${encode({ ...header, alg: 'none' })}.${encode(at.claims)}.`],
    ['of another site', hmacToken('HS256', secret, header, { ...at.claims, aud: 'wiki' })],
  ];
  await requireRefused(at, rows, { jwtSecret: secret }, genuine);
  assert.equal(at.reads, 0, 'nobody is asked for keys');
});

test('a key that the token brings, points to or does not name is not used, and nobody is asked for it', async () => {
  const at = issuer();
  const { privateKey, published } = newKey('stranger');
  const url = 'http://127.0.0.1:9/jwks.json';
  const kids = [
    '../../../dev/null',
    '/proc/self/environ',
    "' or 1=1 --",
    '__proto__',
    'constructor',
    'toString',
    'own-key\0',
    'OWN-KEY',
    '',
    url,
    0,
    null,
    ['own-key'],
    {},
  ];
  const asked: string[] = [];
  const fetched: typeof fetch = async (input) => {
    asked.push(String(input instanceof Request ? input.url : input));
    return Response.json({ keys: at.published });
  };
  const forged = (head: object): Row => [JSON.stringify(head), signedWith(privateKey, { ...at.header, ...head }, at.claims)];
  await requireRefused(
    at,
    [
      ...[
        { jwk: published },
        { jku: url },
        { x5u: url },
        { x5c: ['eA=='] },
        { jku: url, kid: 'stranger' },
        { jwk: published, kid: 'stranger' },
        {},
      ].map(forged),
      ...kids.map((kid) => forged({ kid })),
      ...kids.map((kid): Row => [`our key as ${JSON.stringify(kid)}`, at.sign(at.claims, { ...at.header, kid })]),
      // A key that was revoked by its name would go on without one.
      ['our key without its name', at.sign(at.claims, without(at.header, 'kid'))],
    ],
    { fetch: fetched },
  );
  assert.deepEqual([...new Set(asked)], [`${ISSUER}/.well-known/jwks.json`]);
});

test('what asks for rules of its own is not understood: "crit", whatever stands in it, and b64', async () => {
  const at = issuer();
  const crits = [['unknown'], ['exp'], [], 'exp', [1], ['b64', 'unknown'], null, ['alg']];
  await requireRefused(at, [
    ...headed(
      at,
      crits.map((crit) => ({ crit, unknown: 1, exp: 1 })),
    ),
    ...headed(at, [{ b64: false, crit: ['b64'] }, { b64: true, crit: ['b64'] }, { b64: false }, { b64: 'false' }]),
  ]);
});

test('no end, an end that is no number of seconds, a life longer than a revocation is kept, and what is not yet open nothing', async () => {
  const at = issuer();
  const { iat, exp } = at.claims;
  await requireRefused(at, [
    ...told(at, 'exp', [
      undefined,
      null,
      String(exp),
      '9999999999',
      [exp],
      {},
      true,
      exp + 0.5,
      -1,
      0,
      iat - 6,
      1e308,
      iat + 901,
      exp + 1e9,
    ]),
    ...written(
      at,
      ['1e400', '-1e400', '1e999', `${exp}.0`, `${exp / 100}e2`, `${exp}0e-1`, `0x${exp.toString(16)}`, '"Infinity"', 'NaN'].map((to) => [
        `"exp":${exp}`,
        `"exp":${to}`,
      ]),
    ),
    ...told(at, 'nbf', [iat + 6, iat + 3600, '0', null, 0.5, []]),
    ...told(at, 'iat', [undefined, null, String(iat), {}, iat + 0.5, iat - 601, 0]),
    // A life of five minutes, in a thousand years.
    ['iat and exp far ahead', at.sign({ ...at.claims, iat: iat + 3e10, exp: exp + 3e10 })],
    ['iat and exp two minutes ahead', at.sign({ ...at.claims, iat: iat + 120, exp: exp + 120 })],
  ]);
  const verifier = at.verifier();
  assert.equal(await answer(verifier, at.sign({ ...at.claims, iat: iat + 60, exp: exp + 60 })), '200', 'a clock that is a minute off');
  assert.equal(await answer(verifier, at.sign({ ...at.claims, exp: iat + 900 })), '200', 'the longest life');
});

test('claims that two readers could read differently, and names that are no text, open nothing', async () => {
  const at = issuer();
  await requireRefused(at, [
    ...written(at, [
      ['"aud":"notes"', '"aud":"wiki","aud":"notes"'],
      ['"aud":"notes"', '"aud":"notes","aud":"notes"'],
      ['"roles":["editor"]', '"roles":["editor"],"roles":["admin"]'],
      [/"sub":"U+"/, '"sub":"ada","\\u0073ub":"eve"'],
      ['"iss":', '"i\\u0073s":'],
      ['{', '{ '],
      ['"notes"', '"n\\u006ftes"'],
      [/\}$/, '}\n'],
      [/\}$/, ',"x":"\u0000"}'],
    ]),
    // RFC 9449 7.1: of a token that only the holder of a key may use, nobody here asks for the key.
    ['bound to a key', at.sign({ ...at.claims, cnf: { jkt: 'k'.repeat(43) } })],
    ['bytes that are no text', signedWith(at.privateKey, at.header, '').replace(/.*/, () => rawBytes(at))],
    ...told(at, 'sub', ['\ud800', 'ada\udfff', '', null, 7, ['ada'], {}]),
    ...told(at, 'sid', ['\udc00', '', null, 7, ['S'], {}, undefined]),
    ...told(at, 'fid', ['\ud83d', '', null, 7, {}]),
    // A version that is none is below nothing, and would never be revoked.
    ...told(at, 'uv', [undefined, null, '1', 1.5, {}]),
    ...told(at, 'cv', [null, '1', 1.5, 1e308]),
  ]);
  assert.equal(await answer(at.verifier(), at.sign({ ...at.claims, roles: ['\ud83d\ude00', '\\ud800'], aud: 'notes' })), '200');
});

/** Signed claims with a byte that is no UTF-8: lenient readers make U+FFFD of it, and two names one. */
function rawBytes(at: Issuer): string {
  const bytes = Buffer.from(JSON.stringify({ ...at.claims, sub: 'ada?' }));
  bytes[bytes.indexOf('ada?') + 3] = 0xff;
  const head = `${encode(at.header)}.${bytes.toString('base64url')}`;
  return `${head}.${sign('sha256', Buffer.from(head), { key: at.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

test('every piece of a good token, every letter changed and every other spelling of it open nothing', async () => {
  const at = issuer();
  const token = at.sign();
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const changed = [...token].map((letter, place): Row => {
    const value = letters.indexOf(letter);
    return [`letter ${place}`, token.slice(0, place) + (value < 0 ? 'A' : letters[value ^ 1]) + token.slice(place + 1)];
  });
  const pieces = [...token].map((_, length): Row => [`${length} letters`, length === 0 ? { headers: {} } : token.slice(0, length)]);
  const ends = [...token].map((_, from): Row => [`from ${from}`, from === 0 ? { headers: {} } : token.slice(from)]);
  const [header = '', payload = '', signature = ''] = token.split('.');
  const respelled = ['=', '==', '\n', ' ', '\t', '%', '.', 'A', '\0', '\u00a0', '\ud800'].flatMap((more) =>
    [`${token}${more}`, `${more}${token}`, `${header}${more}.${payload}.${signature}`, `${header}.${payload}${more}.${signature}`].map(
      (text): Row => [JSON.stringify(text.replaceAll(/[\w-]{20,}/g, '…')), text],
    ),
  );
  const others = ['+', '/'].map((letter): Row => [letter, `${header}.${payload}.${signature.replace(/[-_]|.$/, letter)}`]);
  // The last letter of 64 bytes has four bits to spare.
  const spare = [1, 2, 4, 8].map((bit): Row => {
    const last = letters.indexOf(signature.at(-1) ?? '') ^ bit;
    return [`spare bit ${bit}`, `${header}.${payload}.${signature.slice(0, -1)}${letters[last]}`];
  });
  await requireRefused(at, [
    ...changed,
    ...pieces,
    ...ends,
    ...respelled,
    ...others,
    ...spare,
    ['five parts', `${token}.${payload}.${signature}`],
  ]);
});

test('a token of a hundred kilobytes, ten thousand dots and fifty thousand spaces are refused', async () => {
  const at = issuer();
  const long = ['A', '.', ' ', '=', '\\', '{"a":'].flatMap((piece) => [
    piece.repeat(10_000),
    `${at.sign()}${piece.repeat(50_000)}`,
    `${piece.repeat(50_000)}${at.sign()}`,
  ]);
  await requireRefused(at, [
    ...long.map((text): Row => [text.slice(0, 10), text]),
    ...long.map((text): Row => [text.slice(0, 10), { headers: { authorization: `Bearer !${text}` } }]),
    ['a signed claim of ten kilobytes', at.sign({ ...at.claims, scope: 'x'.repeat(10_000) })],
  ]);
});
