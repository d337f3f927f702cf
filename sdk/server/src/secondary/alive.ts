import type { Backend } from '../backend.ts';

/** An answer counts this long, in milliseconds: one question for each session and second, however many requests come. */
const ANSWER_COUNTS = 1000;
const KEPT = 10_000;

/** Asks Portico whether a session goes on, there and here. Throws `PorticoUnavailable`. */
export function createAliveQuestion(backend: Backend, now: () => number): (sid: string) => Promise<boolean> {
  const known = new Map<string, { readonly alive: Promise<boolean>; readonly at: number }>();
  const ask = async (sid: string) => {
    const said = await backend.call('session', { sid });
    return said.kind === 'done' && said.body['status'] === 'VERIFIED';
  };
  return async (sid) => {
    const last = known.get(sid);
    if (last !== undefined && Math.abs(now() - last.at) < ANSWER_COUNTS) return last.alive;
    const alive = ask(sid);
    known.delete(sid);
    if (known.size >= KEPT) known.delete(known.keys().next().value ?? '');
    known.set(sid, { alive, at: now() });
    // Trouble is no answer: the next one asks again.
    alive.catch(() => known.delete(sid));
    return alive;
  };
}
