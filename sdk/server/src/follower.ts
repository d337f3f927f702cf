import {
  BEAT_EVERY,
  type Beat,
  createRevokedSet,
  fromSent,
  type PolledRevocations,
  REVOCATION_EVENTS,
  type RevocableToken,
  STALE_AFTER,
} from '@portico/protocol/revocations';
import { REVOCATIONS } from '@portico/protocol/routes';
import { readEvents } from './events.ts';
import type { Settings } from './options.ts';

/** Hears of revocations, by a stream, or by long polls where no stream comes through. */
export interface Follower {
  isRevoked(token: RevocableToken): boolean;
  /** Nothing was heard for so long that nothing is known. */
  isStale(): boolean;
  /** Resolves when everything was heard for the first time. */
  readonly ready: Promise<void>;
  close(): void;
}

/** Pauses before the next try double from the first to the last, and are spread: fifty verifiers of a node that ends come back one by one. */
const FIRST_PAUSE = 100;
const LAST_PAUSE = 5000;
/** After so many streams without a beat, long polls are tried. */
const STREAMS_TRIED = 2;
/** A poll waits as long as a beat takes, and is the beat. */
const POLL_WAIT = BEAT_EVERY / 1000;
const POLLS_BEFORE_STREAM = 150;

export function createFollower(settings: Settings): Follower {
  const { url, credentials, fetch, now, warn } = settings;
  if (credentials === null) return DEAF;
  // Everything ever heard and unexpired, and what was heard on this connection: the digest speaks of the latter.
  const all = createRevokedSet();
  let heard = createRevokedSet();
  let beats = 0;
  let beatAt = { monotonic: Number.NEGATIVE_INFINITY, wall: Number.NEGATIVE_INFINITY };
  let closing = new AbortController();
  let closed = false;
  const ready = Promise.withResolvers<void>();

  const take = (sent: unknown) => {
    for (const one of Array.isArray(sent) ? (sent as readonly unknown[]) : []) {
      const entry = fromSent(one);
      if (entry === null) continue;
      heard.add(entry);
      all.add(entry);
    }
  };
  /** False: something was lost on the way. `delay` is how much longer than the quickest beat of this connection this one took. */
  const beat = ({ time, count, digest }: Beat, delay: number): boolean => {
    heard.dropExpired(time);
    const own = heard.digest();
    if (own.count !== count || own.digest !== digest) return false;
    // The later of two clocks forgets too early.
    all.dropExpired(Math.min(time, now()));
    beats += 1;
    beatAt = { monotonic: performance.now() - delay, wall: now() - delay };
    ready.resolve();
    return true;
  };
  const headers = { authorization: credentials.authorization };

  const stream = async (): Promise<void> => {
    const silence = watch(STALE_AFTER, closing);
    const quickest = shortest();
    try {
      const answer = await fetch(url + REVOCATIONS.stream, {
        headers: { ...headers, accept: 'text/event-stream' },
        signal: closing.signal,
        redirect: 'error',
      });
      if (!answer.ok || answer.body === null) throw await refusalOf(answer);
      for await (const { event, data } of readEvents(answer.body)) {
        if (event === REVOCATION_EVENTS.all) heard = createRevokedSet();
        if (event === REVOCATION_EVENTS.all || event === REVOCATION_EVENTS.more) take(JSON.parse(data));
        if (event !== REVOCATION_EVENTS.beat) continue;
        const told = JSON.parse(data) as Beat;
        if (!beat(told, quickest(now() - told.time))) throw new Error('the digest is wrong: something was lost');
        silence.again();
      }
    } finally {
      silence.end();
    }
  };
  const polls = async (): Promise<void> => {
    heard = createRevokedSet();
    for (let count = 0; count < POLLS_BEFORE_STREAM && !closed; count += 1) {
      const silence = watch(STALE_AFTER + BEAT_EVERY, closing);
      try {
        const query = `?wait=${POLL_WAIT}&digest=${heard.digest().digest}`;
        const answer = await fetch(url + REVOCATIONS.poll + (count === 0 ? '?wait=0' : query), {
          headers,
          signal: closing.signal,
          redirect: 'error',
        });
        if (!answer.ok) throw await refusalOf(answer);
        const told = (await answer.json()) as PolledRevocations;
        if (told.entries !== undefined) {
          heard = createRevokedSet();
          take(told.entries);
        }
        if (!beat(told, 0)) throw new Error('the digest is wrong: something was lost');
      } finally {
        silence.end();
      }
    }
  };

  const run = async (): Promise<void> => {
    let silent = 0;
    let said = false;
    while (!closed) {
      const before = beats;
      closing = new AbortController();
      let problem: unknown = null;
      try {
        await (silent >= STREAMS_TRIED && silent % (STREAMS_TRIED + 1) === STREAMS_TRIED ? polls() : stream());
      } catch (cause) {
        problem = cause;
      }
      if (closed) return;
      silent = beats > before ? 0 : silent + 1;
      if (silent === 0) said = false;
      else if (!said && silent > STREAMS_TRIED) {
        said = true;
        warn(`nothing is heard of revocations: ${problem instanceof Error ? problem.message : 'the stream ended'}`);
      }
      await pause(Math.min(LAST_PAUSE, FIRST_PAUSE * 2 ** Math.min(silent, 6)) * (0.5 + Math.random()));
    }
  };
  void run();

  return {
    isRevoked: all.isRevoked,
    // A machine that slept has another time than a clock that was set.
    isStale: () => performance.now() - beatAt.monotonic > STALE_AFTER || Math.abs(now() - beatAt.wall) > STALE_AFTER,
    ready: ready.promise,
    close: () => {
      closed = true;
      closing.abort();
    },
  };
}

/** Without a secret nobody tells anything. */
const DEAF: Follower = { isRevoked: () => false, isStale: () => true, ready: Promise.resolve(), close: () => undefined };

/** Aborts when nothing happened for `limit` milliseconds. */
function watch(limit: number, controller: AbortController): { again(): void; end(): void } {
  const timer = setTimeout(() => controller.abort(new Error('no answer in time')), limit);
  timer.unref();
  return { again: () => void timer.refresh(), end: () => clearTimeout(timer) };
}

/** How much longer than ever before: what was held up on the way is older than it looks. Clocks that differ cancel out. */
function shortest(): (lag: number) => number {
  let least = Number.POSITIVE_INFINITY;
  return (lag) => {
    least = Math.min(least, lag);
    return lag - least;
  };
}

async function refusalOf(answer: Response): Promise<Error> {
  await answer.body?.cancel();
  return new Error(answer.status === 401 ? 'client id and secret are refused (401)' : `Portico answered ${answer.status}`);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}
