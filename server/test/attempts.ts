import type { Answered, Browser, CallOptions } from './browser.ts';

/** What the tabs of one browser share: one attempt per generation, picked before it is sent and repeated in every retry. */
export type Attempts = Map<number, string>;

export function attemptFor(attempts: Attempts, browser: Browser, gen: number = browser.gen): string {
  const kept = attempts.get(gen) ?? browser.newAttempt(gen);
  attempts.set(gen, kept);
  return kept;
}

const TRIES = 3;

/** A refresh as an honest client makes it: the stored attempt of the generation that it reads, and on `retry` it reads again. */
export async function refreshHonestly(browser: Browser, attempts: Attempts, options: CallOptions = {}): Promise<Answered> {
  for (let tries = 0; ; tries += 1) {
    const answer = await browser.refresh({ ...options, attempt: attemptFor(attempts, browser) });
    if (answer.body.error !== 'retry' || tries === TRIES) return answer;
  }
}
