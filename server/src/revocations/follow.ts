import { Refusal } from '@portico/protocol/errors';
import { BEAT_EVERY, type Beat, concerns, REVOCATION_EVENTS, type Revocation, toSent } from '@portico/protocol/revocations';
import type { AuthenticatedClient } from '../clients/authenticate-client.ts';
import { type Client, findClient } from '../clients/client.ts';
import type { Deps } from '../deps.ts';
import type { AnswerStream, Sink } from '../sessions/answer.ts';

/** How many streams and long polls one client may hold open at one node: a backend has one for each of its processes. */
export const FOLLOWERS_MAX = 200;
/** How often it is looked whether the client may still listen, in beats. */
const LOOK_EVERY = 15;
/** A stream ends after this many beats, an hour: the next one is opened with a secret that is good then. */
const BEATS_MAX = 1800;
/** Readers of event streams come back this long after an end, in milliseconds, when it says so (HTML, server-sent events). */
const COME_BACK_AFTER = 100;

/** Whose revocations a client is told: its own, and those of the audiences that it verifies for. */
export function audiencesOf({ id, audiences }: Client): ReadonlySet<string> {
  return new Set([id, ...audiences]);
}

/**
 * Tells a verifier what was revoked: everything at first, then each fact as it comes, and every two seconds a beat: the time, and count
 * and digest of the facts that outlive it. A node that has not read the database lately sends no beat, so that its listeners know that
 * they know nothing.
 */
export function followRevocations(deps: Deps, { client }: AuthenticatedClient): AnswerStream {
  requireRoom(deps, client);
  return { type: 'text/event-stream; charset=utf-8', open: (sink) => follow(deps, client, sink) };
}

function follow(deps: Deps, client: Client, sink: Sink): () => void {
  const audiences = audiencesOf(client);
  let waiting: Revocation[] = [];
  let told = false;
  let beats = 0;

  const flush = () => {
    if (waiting.length > 0 && told) sink.write(event(REVOCATION_EVENTS.more, waiting.map(toSent)));
    waiting = [];
  };
  /** What is known is told first: a client that was removed hears that it was. */
  const finish = () => {
    flush();
    sink.end();
  };
  const beat = () => {
    beats += 1;
    if (beats % LOOK_EVERY === 0) lookAgain();
    if (beats > BEATS_MAX) return finish();
    if (!deps.revoked.isCurrent(deps.now())) return;
    const now = takeBeat(deps, audiences);
    if (!told) {
      sink.write(event(REVOCATION_EVENTS.all, deps.revoked.entries(audiences).map(toSent)));
      told = true;
      waiting = [];
    }
    flush();
    sink.write(event(REVOCATION_EVENTS.beat, now));
  };
  const lookAgain = () => {
    findClient(deps.db, client.id)
      .then((today) => {
        if (today === null || today.disabledAt !== null || today.audiences.join() !== client.audiences.join()) finish();
      })
      // Nobody is sent away because the database is in trouble; without readings there are no beats either.
      .catch(() => undefined);
  };

  const unsubscribe = deps.revoked.subscribe(client.id, (entry) => {
    if (entry.kind === 'client' && entry.subject === client.id) lookAgain();
    if (!concerns(entry, audiences)) return;
    // What is committed together is told together.
    if (waiting.length === 0) setImmediate(flush);
    waiting.push(entry);
  });
  sink.onLeaving(() => {
    sink.write(`retry: ${COME_BACK_AFTER}\n\n`);
    finish();
  });
  const timer = setInterval(beat, BEAT_EVERY);
  beat();
  return () => {
    clearInterval(timer);
    unsubscribe();
  };
}

export function requireRoom(deps: Pick<Deps, 'revoked'>, { id }: Pick<Client, 'id'>): void {
  if (deps.revoked.subscriptions(id) >= FOLLOWERS_MAX) throw new Refusal('too_many_requests', { retryAfter: 10 });
}

/** The moment, and what of this client's facts outlives it. */
export function takeBeat(deps: Pick<Deps, 'now' | 'revoked'>, audiences: ReadonlySet<string>): Beat {
  const time = deps.now();
  deps.revoked.dropExpired(time);
  return { time, ...deps.revoked.digest(audiences) };
}

function event(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
