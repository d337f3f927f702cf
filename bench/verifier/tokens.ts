import { createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** Access tokens as Portico writes them for a site, made here: what is measured is who reads them. */

export const ISSUER = 'https://auth.example.com';
export const AUDIENCE = 'notes';

export interface TokenMaker {
  readonly jwk: object;
  readonly pem: string;
  /** Good, and never seen before. */
  fresh(): string;
  /** One kind of hostile token after the other. */
  hostile(): string;
}

export function createTokenMaker(): TokenMaker {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicKey = createPublicKey(privateKey);
  const header = { alg: 'ES256', typ: 'at+jwt', kid: 'bench' };
  const id = () => randomBytes(16).toString('base64url');
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const iat = Math.floor(Date.now() / 1000);
  const claims = () => ({
    iss: ISSUER,
    aud: AUDIENCE,
    client_id: AUDIENCE,
    sub: id(),
    sid: id(),
    jti: id(),
    iat,
    exp: iat + 900,
    auth_time: iat,
    amr: ['pwd', 'otp'],
    uv: 1,
    roles: ['editor'],
    scope: 'openid profile email offline_access',
    cv: 1,
    fid: id(),
  });
  const make = (said: object = {}, head: object = header) => {
    const text = `${part(head)}.${part({ ...claims(), ...said })}`;
    return `${text}.${sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  };
  const kinds: readonly (() => string)[] = [
    // A genuine one with another signature: nothing but the signature tells.
    () => make().replace(/[^.]*$/, randomBytes(64).toString('base64url')),
    () => make({ aud: 'wiki' }),
    () => make({ iss: 'https://evil.example' }),
    () => make({ iat: iat - 2000, exp: iat - 1000 }),
    () => make({}, { ...header, typ: 'JWT' }),
    () => make({}, { ...header, alg: 'none' }).replace(/[^.]*$/, ''),
    () => make().slice(0, -10),
    () => randomBytes(400).toString('base64url'),
  ];
  let made = 0;
  return {
    jwk: { ...publicKey.export({ format: 'jwk' }), kid: header.kid, alg: header.alg, use: 'sig' },
    pem: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    fresh: () => make(),
    hostile: () => kinds[made++ % kinds.length]?.() ?? '',
  };
}
