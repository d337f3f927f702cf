import { CONFIRMATIONS } from '@portico/protocol/clients';
import { ACCESS_ALGS, SIGNING_ALGS } from '@portico/protocol/tokens';
import type { TextSchema } from '../schemas.ts';
import { oneOfWords } from './list-fields.ts';

/**
 * The fields of a client site, registered or changed. They bound what comes in; what is wrong with it is said by the rules of a
 * registration, which know why.
 */
const text = (maxLength: number) => ({ type: 'string', minLength: 1, maxLength, pattern: '^[^\\u0000]*$' }) as const satisfies TextSchema;
const lines = (maxLength: number, maxItems: number) => ({ type: 'array', items: text(maxLength), maxItems }) as const;
const minutes = { type: 'integer', minimum: 0, maximum: 10_000_000 } as const;

export const SITE_FIELDS = {
  name: text(200),
  redirectUris: lines(2100, 60),
  postLogoutUris: lines(2100, 60),
  origins: lines(2100, 60),
  backchannelLogoutUri: text(2100),
  logoUri: text(2100),
  scopes: lines(200, 110),
  roles: lines(200, 110),
  audiences: lines(200, 60),
  accessAlg: oneOfWords(...ACCESS_ALGS),
  idAlg: oneOfWords(...SIGNING_ALGS),
  accessMinutes: minutes,
  idleMinutes: minutes,
  confirmation: oneOfWords(...CONFIRMATIONS),
  reuseEnds: oneOfWords('grant', 'session'),
  pkce: oneOfWords('required', 'nonce'),
} as const;
/** A JWK Set. */
export const jwks = text(30_000);
export const siteId = text(200);
