import { Refusal } from '@portico/protocol/errors';
import { concerns, type PolledRevocations, toSent } from '@portico/protocol/revocations';
import type { AuthenticatedClient } from '../clients/authenticate-client.ts';
import type { Deps } from '../deps.ts';
import type { AnswerStream } from '../sessions/answer.ts';
import { audiencesOf, requireRoom, takeBeat } from './follow.ts';

/** A long poll waits this long at most, in milliseconds: proxies cut what is silent for half a minute. */
export const POLL_MAX = 25_000;

/**
 * For verifiers that no stream reaches, because something between buffers it. Answers everything at once when the asker's digest is not
 * ours, else waits for news, at most `wait` milliseconds, and says so when there was none.
 */
export function pollRevocations(
  deps: Deps,
  { client }: AuthenticatedClient,
  { digest, wait }: { readonly digest: string | null; readonly wait: number },
): AnswerStream {
  if (!deps.revoked.isCurrent(deps.now())) throw new Refusal('unavailable', { retryAfter: 1 });
  requireRoom(deps, client);
  const audiences = audiencesOf(client);
  return {
    type: 'application/json; charset=utf-8',
    open: (sink) => {
      let answered = false;
      const answer = () => {
        if (answered) return;
        stop();
        if (!deps.revoked.isCurrent(deps.now())) return sink.fail();
        const beat = takeBeat(deps, audiences);
        const body: PolledRevocations = beat.digest === digest ? beat : { ...beat, entries: deps.revoked.entries(audiences).map(toSent) };
        sink.write(JSON.stringify(body));
        sink.end();
      };
      const unsubscribe = deps.revoked.subscribe(client.id, (entry) => {
        // In a later turn: what is committed together is told together.
        if (concerns(entry, audiences)) setImmediate(answer);
      });
      sink.onLeaving(answer);
      const timer = setTimeout(answer, Math.min(wait, POLL_MAX));
      const stop = () => {
        answered = true;
        clearTimeout(timer);
        unsubscribe();
      };
      if (takeBeat(deps, audiences).digest !== digest) answer();
      return stop;
    },
  };
}
