import { createSlice, type Dispatch, type PayloadAction } from '@reduxjs/toolkit';
import { type FetchBaseQueryArgs, fetchBaseQuery } from '@reduxjs/toolkit/query';
import { LOADING } from './no-session.ts';
import type { Portico, PorticoSession } from './types.ts';

/** `fetchBaseQuery` that sends through Portico: with the access token, refreshed where needed, and once more after a 401. */
export function porticoBaseQuery(portico: Portico, options: Omit<FetchBaseQueryArgs, 'fetchFn'> = {}): ReturnType<typeof fetchBaseQuery> {
  return fetchBaseQuery({ ...options, fetchFn: (input, init) => portico.fetch(input, init) });
}

/** `portico.session` as state. The access token is not in it: the store is what developer tools, error reports and persistence copy away. */
export const sessionSlice = createSlice({
  name: 'session',
  initialState: LOADING,
  reducers: { sessionChanged: (_, { payload }: PayloadAction<PorticoSession>) => payload },
  selectors: { selectSession: (session) => session, selectUser: ({ user }) => user },
});

export const { selectSession, selectUser } = sessionSlice.selectors;

/** What was made by `createApi`, as far as it matters here. */
export interface ResettableApi {
  readonly util: { resetApiState(): { readonly type: string } };
}

/** Mirrors the session into the store, and empties each api when its data would be another person's. Answers how to stop. */
export function followSession(portico: Portico, store: { readonly dispatch: Dispatch }, apis: readonly ResettableApi[] = []): () => void {
  let lastKnown = whoIs(portico.session);
  const follow = () => {
    const who = whoIs(portico.session);
    // Data of Ada shown to Bob. First: whoever renders the new session finds nothing of the old one.
    if (who !== undefined && lastKnown !== undefined && who !== lastKnown)
      for (const { util } of apis) store.dispatch(util.resetApiState());
    lastKnown = who ?? lastKnown;
    store.dispatch(sessionSlice.actions.sessionChanged(portico.session));
  };
  follow();
  return portico.subscribe(follow);
}

/** Null: nobody. Undefined: not known now, which is no reason to throw anything away. */
function whoIs({ status, user }: PorticoSession): string | null | undefined {
  if (status === 'loading') return undefined;
  if (status === 'offline') return user?.id;
  return status === 'signed-in' ? (user?.id ?? null) : null;
}
