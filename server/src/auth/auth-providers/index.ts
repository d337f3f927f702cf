import { Refusal } from '@portico/protocol/errors';
import type { Caller } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import type { Proof } from '../create-user-session.ts';
import { type CredentialInput, proveByPassword } from './credential.ts';

/** A way of proving who one is: takes what the browser sent and answers whom it proved, or refuses. */
export type AuthProvider = (deps: Deps, caller: Caller, input: CredentialInput) => Promise<Proof>;

const PROVIDERS: Readonly<Record<string, AuthProvider>> = { credential: proveByPassword };

/** 404 for a name that is no provider. */
export function requireProvider(name: string): AuthProvider {
  const provider = Object.hasOwn(PROVIDERS, name) ? PROVIDERS[name] : undefined;
  if (provider === undefined) throw new Refusal('not_found');
  return provider;
}
