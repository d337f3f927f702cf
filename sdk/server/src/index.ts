export { type PorticoCode, PorticoError } from './errors.ts';
export type { Logout } from './logout-token.ts';
export type { RevocationMode, VerifierOptions } from './options.ts';
export { type Asker, createVerifier, type Needs, type VerifiedUser, type Verifier } from './verifier.ts';
