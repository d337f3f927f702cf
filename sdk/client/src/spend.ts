import { claimAttempt } from './attempt.ts';
import { PorticoError } from './error.ts';
import type { Grant, Mode } from './mode.ts';

/** For one generation. */
const TRIES = 3;
/** However often other tabs are faster. */
const ROUNDS = 12;
/** Milliseconds, and as much again by chance. */
const PAUSE = 100;

export interface Spending {
  readonly scope: string;
  readonly mode: Mode;
  readonly signal: AbortSignal;
  readonly csrfToken?: string;
  /** What another tab has got meanwhile. */
  readonly heard: () => Grant | null;
}

/** Refreshes until there is a grant or a refusal. `retry` says that the token has moved under this tab; it never means the end. */
export async function spend({ scope, mode, signal, csrfToken, heard }: Spending): Promise<Grant> {
  let last: number | null | undefined;
  let tries = 0;
  for (let round = 0; ; round += 1) {
    try {
      const generation = await mode.generation(round > 0, signal);
      tries = generation === last ? tries + 1 : 0;
      last = generation;
      const attempt = generation === null ? null : await claimAttempt(scope, generation);
      if (signal.aborted) throw new PorticoError('dropped');
      return await mode.refresh(attempt, signal, csrfToken);
    } catch (error) {
      if (!isRetry(error) || tries === TRIES || round === ROUNDS) throw error;
      await pause(tries === 0 ? PAUSE : afterOf(error), signal);
    }
    const news = csrfToken === undefined ? heard() : null;
    if (news !== null) return news;
  }
}

export function isRetry(error: unknown): error is PorticoError {
  return error instanceof PorticoError && error.code === 'retry';
}

function afterOf({ answer: { after } }: PorticoError): number {
  return typeof after === 'number' && after > 0 && after <= 10 ? after * 1000 : PAUSE;
}

/** By chance longer, so that tabs that were refused together do not come back together. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds * (1 + Math.random()));
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
