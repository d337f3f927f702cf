import type { RefreshAnswer } from '@portico/protocol/apps';
import type { Back, Leaving } from './sign-in.ts';
import type { SignInOptions, SignOutOptions } from './types.ts';

/** As Portico answers it; an app without a backend on another site is not told when the session ends. */
export type Grant = Omit<RefreshAnswer, 'expiresAt' | 'kind'> & { readonly expiresAt: number | null };

/** What one way of holding a sign-in does, and `portico.ts` does not. Every call may throw PorticoError, `dropped` after `signal`. */
export interface Mode {
  /** What this page starts with, without anything spent. Null: nothing, a refresh says more. `back`: a sign-in came back to this page. */
  begin(back: Back | null, signal: AbortSignal): Promise<Grant | null>;
  /** The generation of the token that is held now; `again`: the one said before was wrong. Null: none is known, or none is needed. */
  generation(again: boolean, signal: AbortSignal): Promise<number | null>;
  /** `attempt` was stored before, and is repeated in a retry. With a CSRF token: starts CSRF tokens anew. */
  refresh(attempt: string | null, signal: AbortSignal, csrfToken?: string): Promise<Grant>;
  /** After a refusal: what was remembered of that sign-in. */
  forget?(): Promise<void>;
  signInAddress(options: SignInOptions, leaving: Leaving, signal: AbortSignal): Promise<string>;
  signOut(options: SignOutOptions, csrfToken: string | null, signal: AbortSignal): Promise<void>;
  /** Moves the idle end; answers nothing. */
  extendSoft?(signal: AbortSignal): Promise<void>;
}
