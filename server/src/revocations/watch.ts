import type { Deps } from '../deps.ts';
import type { Notices } from '../platform/notices.ts';
import { listRevocations } from '../sessions/revocation.ts';

/** How often a node reads new rows, in milliseconds. Notices only make it sooner. */
const READ_EVERY = 1000;
/** Rows are read again from this long before the newest one seen, because transactions commit out of order. In milliseconds. */
const OVERLAP = 10_000;
/** The whole set is read again this often, for rows from a node whose clock is further behind than that. In milliseconds. */
const READ_ALL_EVERY = 30_000;

/** How far a node has read. */
export interface ReadMark {
  /** The newest row seen; the next reading begins a little before it. */
  readonly newest: number;
  /** When the whole set was read last. */
  readonly wholeAt: number;
}

export const NOTHING_READ: ReadMark = { newest: 0, wholeAt: Number.NEGATIVE_INFINITY };

/** Reads once what is new, or everything when that is due. Answers the mark to read from next time. */
export async function readRevocations(deps: Pick<Deps, 'db' | 'now' | 'revoked' | 'tally'>, mark: ReadMark): Promise<ReadMark> {
  const now = deps.now();
  const whole = now >= mark.wholeAt + READ_ALL_EVERY || now < mark.wholeAt;
  const entries = await listRevocations(deps.db, now, whole ? 0 : Math.max(0, mark.newest - OVERLAP));
  const isFirst = !Number.isFinite(deps.revoked.age(now));
  const fresh = deps.revoked.learn(entries, now);
  // What stood there before this process did never came late.
  if (!isFirst) for (const { insertedAt } of fresh) deps.tally.observe('revocationLag', {}, Math.max(0, deps.now() - insertedAt) / 1000);
  deps.revoked.dropExpired(now);
  return { newest: Math.max(mark.newest, entries.at(-1)?.insertedAt ?? 0), wholeAt: whole ? now : mark.wholeAt };
}

/**
 * Keeps `deps.revoked` true: the whole set now, then what is new each second, and at once whenever a notice comes. A notice carries
 * nothing: whoever can send one can make us read, and no more.
 */
export async function watchRevocations(deps: Deps, sources: readonly Notices[] = []): Promise<{ stop(): void }> {
  let mark = await readRevocations(deps, NOTHING_READ);
  let reading = false;
  let again = false;
  let stopped = false;
  const read = (): void => {
    if (stopped) return;
    // What was committed after the reading began may not be in it.
    if (reading) again = true;
    else {
      reading = true;
      again = false;
      readRevocations(deps, mark)
        .then((next) => (mark = next))
        .catch((cause: unknown) => deps.log.warn({ err: cause }, 'revocations could not be read; trying again'))
        .finally(() => {
          reading = false;
          if (again) read();
        });
    }
  };
  const timer = setInterval(read, READ_EVERY);
  timer.unref();
  const missed = () => {
    mark = NOTHING_READ;
    read();
  };
  const ends = sources.map((source) => source.listen(read, missed));
  return {
    stop: () => {
      stopped = true;
      clearInterval(timer);
      for (const end of ends) end();
    },
  };
}
