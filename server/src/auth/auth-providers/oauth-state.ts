import type { Deps } from '../../deps.ts';
import { tokenHash } from '../../platform/crypto.ts';
import type { FlowSecrets } from './oauth.ts';

/**
 * What travels as `state` through the provider and back: sealed, so that nobody else reads or writes it; bound to one browser, so that
 * a code cannot be brought to another (login CSRF); and bound to one provider, so that what one answers is never taken for the
 * answer of another (mix-up, RFC 9700 4.4). It needs no row: as many as there are tabs may be under way.
 */
export interface FlowState extends FlowSecrets {
  /**
   * `signin` opens a session; `link` adds a way in to `sid`; `prove` shows once more who sits before `sid`; `test` changes nothing and
   * shows an operator what the provider says.
   */
  readonly purpose: 'signin' | 'link' | 'prove' | 'test';
  /** Which of our two addresses the provider sends the browser back to. */
  readonly flow: 'page' | 'redirect';
  readonly returnTo: string;
  readonly keep: boolean;
  /** The session that asked; null for a sign-in. */
  readonly sid: string | null;
  /** Epoch milliseconds. */
  readonly iat: number;
}

/** Milliseconds. */
export const STATE_LIFE = 10 * 60_000;

type SealDeps = Pick<Deps, 'vault' | 'now'>;
const sealLabel = (provider: string, transaction: string) => `state ${provider} ${tokenHash(transaction)}`;

export function sealState(deps: SealDeps, provider: string, transaction: string, state: FlowState): string {
  return deps.vault.seal(sealLabel(provider, transaction), JSON.stringify(state), 'provider state');
}

/** Null for a state of another browser or another provider, for one that is too old, and for whatever is none. */
export function openState(deps: SealDeps, provider: string, transaction: string | null, sealed: string): FlowState | null {
  if (transaction === null || !isExact(sealed)) return null;
  try {
    const state = JSON.parse(deps.vault.open(sealLabel(provider, transaction), sealed, 'provider state').toString()) as FlowState;
    return deps.now() - state.iat <= STATE_LIFE ? state : null;
  } catch {
    return null;
  }
}

/** One spelling each: decoders let a letter too many pass. */
function isExact(sealed: string): boolean {
  return sealed
    .split('.')
    .slice(1)
    .every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);
}
