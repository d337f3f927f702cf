import { createSubscriber } from 'svelte/reactivity';
import { LOADING } from './no-session.ts';
import type { Portico, PorticoSession } from './types.ts';

/** One thing, read in two ways: `session.current` in runes and modules, `$session` as a store. */
export interface SessionView {
  readonly current: PorticoSession;
  subscribe(run: (session: PorticoSession) => void): () => void;
}

/** Who is signed in, kept true while somebody looks. On a server: `loading`. */
export function useSession(portico: Portico): SessionView {
  const watch = createSubscriber((changed) => portico.subscribe(changed));
  // A server renders for many people at once: none of them may see the session of another.
  const read = () => (typeof window === 'undefined' ? LOADING : portico.session);
  return {
    get current() {
      watch();
      return read();
    },
    subscribe: (run) => {
      run(read());
      return portico.subscribe(() => run(read()));
    },
  };
}
