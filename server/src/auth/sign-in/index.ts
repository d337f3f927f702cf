import type { Caller } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import type { Answer } from '../../sessions/answer.ts';
import type { CredentialInput } from '../auth-providers/credential.ts';
import { requireProvider } from '../auth-providers/index.ts';
import { createUserSession, signInAnswer } from '../create-user-session.ts';

/** POST signin/:authProvider: the provider proves who it is, then the one door opens the session. */
export async function signInRequestHandler(deps: Deps, caller: Caller, authProvider: string, input: CredentialInput): Promise<Answer> {
  const prove = requireProvider(authProvider);
  const proof = await prove(deps, caller, input);
  return signInAnswer(deps, await createUserSession(deps, caller, proof));
}
