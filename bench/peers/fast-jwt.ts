import { createVerifier } from 'fast-jwt';

export interface Given {
  readonly pem: string;
  readonly issuer: string;
  readonly audience: string;
  /** How many tokens are kept; 0: none. */
  readonly cache: number;
}

/** The rules that the others have too. Throws for what it refuses. */
export function createFastJwt({ pem, issuer, audience, cache }: Given): (token: string) => unknown {
  return createVerifier({
    key: pem,
    algorithms: ['ES256'],
    checkTyp: 'at+jwt',
    allowedIss: issuer,
    allowedAud: audience,
    requiredClaims: ['exp', 'iat', 'sub', 'jti'],
    clockTolerance: 5000,
    cache: cache === 0 ? false : cache,
  });
}
