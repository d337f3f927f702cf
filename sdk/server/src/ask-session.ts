import { EXTERNAL_PATHS, EXTERNAL_PREFIX } from '@portico/protocol/routes';
import type { Settings } from './options.ts';
import type { ReadToken } from './read-token.ts';

/** What Portico itself says of a token: still good, gone, or nobody answers. */
export type Verdict = 'good' | 'gone' | 'unknown';

/** An answer counts this long, in milliseconds: one request for each session and two seconds, however many come. */
const ANSWER_COUNTS = 2000;
const ANSWER_WITHIN = 2000;
/** After a failure nobody is asked for this long, or every request would wait for a server that does not answer. */
const REST_AFTER_FAILURE = 500;
const KEPT = 10_000;

interface Kept {
  readonly verdict: Verdict;
  readonly at: number;
}

/** Asks `external/session` whether a token with these claims is still good. Never throws. */
export function createSessionQuestion({ url, credentials, fetch, now }: Settings): (token: ReadToken) => Promise<Verdict> {
  const kept = new Map<string, Kept>();
  const asking = new Map<string, Promise<Verdict>>();
  let failedAt = Number.NEGATIVE_INFINITY;

  const ask = async (question: string): Promise<Verdict> => {
    if (credentials === null) return 'unknown';
    try {
      const answer = await fetch(url + EXTERNAL_PREFIX + EXTERNAL_PATHS.session, {
        method: 'POST',
        headers: { authorization: credentials.authorization, 'content-type': 'application/json' },
        body: question,
        signal: AbortSignal.timeout(ANSWER_WITHIN),
        redirect: 'error',
      });
      if (!answer.ok) throw new Error(`Portico answered ${answer.status}`);
      const { status, tokenGood } = (await answer.json()) as { status?: unknown; tokenGood?: unknown };
      return status === 'VERIFIED' && tokenGood === true ? 'good' : 'gone';
    } catch {
      failedAt = now();
      return 'unknown';
    }
  };

  return async ({ revocable: { sid, uv, fid, cv, sub, aud, kid } }) => {
    // A machine has no session that could be asked about.
    if (sid === undefined) return 'unknown';
    const question = JSON.stringify({ sid, sub, uv, fid, cv, kid, clientId: aud });
    const known = kept.get(question);
    if (known !== undefined && Math.abs(now() - known.at) < ANSWER_COUNTS) return known.verdict;
    if (Math.abs(now() - failedAt) < REST_AFTER_FAILURE) return 'unknown';
    const began = now();
    const asked = asking.get(question) ?? ask(question).finally(() => asking.delete(question));
    asking.set(question, asked);
    const verdict = await asked;
    if (verdict !== 'unknown') {
      kept.delete(question);
      if (kept.size >= KEPT) kept.delete(kept.keys().next().value ?? '');
      kept.set(question, { verdict, at: began });
    }
    return verdict;
  };
}
