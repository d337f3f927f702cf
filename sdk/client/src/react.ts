import { useCallback, useSyncExternalStore } from 'react';
import { LOADING } from './no-session.ts';
import type { Portico, PorticoSession } from './types.ts';

/** Who is signed in, kept true while the component is shown. On a server, and in the render that takes its page over: `loading`. */
export function useSession(portico: Portico): PorticoSession {
  const subscribe = useCallback((changed: () => void) => portico.subscribe(changed), [portico]);
  return useSyncExternalStore(
    subscribe,
    () => portico.session,
    () => LOADING,
  );
}
