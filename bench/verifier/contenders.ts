import { createVerifier } from '@portico/server';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { installPeers } from '../peers.ts';
import { AUDIENCE, ISSUER, type TokenMaker } from './tokens.ts';

/** Whoever says of a request whether its token is good. */
export interface Contender {
  readonly name: string;
  readonly about: string;
  /** Rejects, throws, or is false: refused. */
  check(headers: { readonly authorization: string }): unknown;
  /** How many checks it gets for each of Portico's, so that nobody waits a minute for the slowest. */
  readonly share: number;
}

const tokenOf = (headers: { readonly authorization: string }) => headers.authorization.slice('Bearer '.length);

export async function contenders({ jwk, pem }: TokenMaker): Promise<readonly Contender[]> {
  const keys = { keys: [jwk] };
  const verifier = createVerifier({
    issuer: ISSUER,
    audience: AUDIENCE,
    fetch: async () => Response.json(keys),
    warn: () => undefined,
  });
  const guard = verifier.guard();
  const findKey = createLocalJWKSet(keys);
  const rules = {
    issuer: ISSUER,
    audience: AUDIENCE,
    algorithms: ['ES256'],
    typ: 'at+jwt',
    requiredClaims: ['exp', 'iat', 'sub', 'jti'],
    clockTolerance: 5,
  };
  installPeers();
  const { createFastJwt } = (await import(new URL('../peers/fast-jwt.ts', import.meta.url).href)) as {
    createFastJwt(given: { pem: string; issuer: string; audience: string; cache: number }): (token: string) => unknown;
  };
  const given = { pem, issuer: ISSUER, audience: AUDIENCE };
  const [plain, caching] = [createFastJwt({ ...given, cache: 0 }), createFastJwt({ ...given, cache: 10_000 })];
  return [
    {
      name: 'portico',
      about: '@portico/server as a site uses it: the header of a request, revocations asked of each token, 10,000 tokens kept',
      check: (headers) => guard({ headers }),
      share: 1,
    },
    {
      name: 'jose',
      about: 'jose alone, jwtVerify with the same rules and a local key set',
      check: (headers) => jwtVerify(tokenOf(headers), findKey, rules),
      share: 0.02,
    },
    {
      name: 'fast-jwt',
      about: 'fast-jwt, synchronous, the same rules, nothing kept',
      check: (headers) => plain(tokenOf(headers)),
      share: 0.02,
    },
    {
      name: 'fast-jwt-cache',
      about: 'fast-jwt with its own cache of 10,000 tokens',
      check: (headers) => caching(tokenOf(headers)),
      share: 1,
    },
  ];
}
