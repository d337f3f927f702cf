export type { Asker } from './bearer.ts';
export { type PorticoCode, PorticoError } from './errors.ts';
export type { Logout } from './logout-token.ts';
export type { Needs } from './needs.ts';
export type { RevocationMode, VerifierOptions } from './options.ts';
export type { VerifiedUser } from './user.ts';
export { createVerifier, type Verifier } from './verifier.ts';
