import { errors, jwtVerify } from 'jose';
import { PorticoError } from './errors.ts';
import type { Keys } from './keys.ts';
import type { Settings } from './options.ts';

/** What a back-channel logout says (OpenID Connect Back-Channel Logout 1.0): this session ended here, or every session of this user. */
export interface Logout {
  readonly sid: string | null;
  readonly sub: string | null;
  /** Epoch seconds: whatever was issued for it before this moment has ended. */
  readonly issuedAt: number;
}

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
/** In seconds. Two minutes is what section 2.4 recommends at most; a delivery that is tried again brings a new token. */
const LIFE_MAX = 300;
const TOKEN_MAX = 8192;
const KEPT = 10_000;

/** Section 2.6, every step: signature by a published key, kind, issuer, audience, age, event, no nonce, sid or sub, and each token once. */
export function createLogoutReader({ issuer, audiences, leeway, now }: Settings, keys: Keys): (token: string) => Promise<Logout> {
  const seen = new Map<string, number>();
  const once = (jti: string, until: number) => {
    for (const [name, end] of seen) if (end < now() / 1000) seen.delete(name);
    if (seen.has(jti)) throw new PorticoError('token_invalid');
    if (seen.size >= KEPT) seen.delete(seen.keys().next().value ?? '');
    seen.set(jti, until);
  };
  return async (token) => {
    if (token.length > TOKEN_MAX) throw new PorticoError('token_invalid');
    const { payload } = await jwtVerify(token, async (header) => (await keys.find(header)).key, {
      algorithms: ['ES256', 'RS256', 'EdDSA'],
      typ: 'logout+jwt',
      issuer,
      audience: [...audiences],
      requiredClaims: ['iat', 'exp', 'jti', 'events'],
      clockTolerance: leeway,
      maxTokenAge: LIFE_MAX,
      currentDate: new Date(now()),
    }).catch((cause: unknown) => {
      if (cause instanceof errors.JOSEError || cause instanceof TypeError) throw new PorticoError('token_invalid', { cause });
      throw cause;
    });
    const { sid, sub, jti, iat, exp, events } = payload;
    // With a nonce it could be an ID token in disguise (section 2.6, step 7).
    const told = typeof events === 'object' && events !== null && EVENT in events && !('nonce' in payload);
    const named = [sid, sub].every((name) => name === undefined || typeof name === 'string') && (sid !== undefined || sub !== undefined);
    if (!told || !named || typeof jti !== 'string' || iat === undefined || exp === undefined) throw new PorticoError('token_invalid');
    once(jti, exp + leeway);
    return { sid: typeof sid === 'string' ? sid : null, sub: sub ?? null, issuedAt: iat };
  };
}
