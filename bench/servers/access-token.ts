import { generateKeyPairSync, sign } from 'node:crypto';

const LIFE_SECONDS = 300;

/** An ES256 access token by synchronous node:crypto: the cheapest signature that Node offers for this algorithm. */
export function makeSigner(issuer: string): (userId: string, sessionId: string) => string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' as const };
  const header = encode({ alg: 'ES256', typ: 'at+jwt', kid: 'bench' });
  return (userId, sessionId) => {
    const now = Math.floor(Date.now() / 1000);
    const payload = encode({ iss: issuer, sub: userId, sid: sessionId, client_id: 'bench', iat: now, exp: now + LIFE_SECONDS });
    const signed = `${header}.${payload}`;
    return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
  };
}

function encode(part: Readonly<Record<string, string | number>>): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
