import { configureStore, createSlice, type PayloadAction } from '@reduxjs/toolkit';
import { type BaseQueryFn, createApi, type FetchArgs, type FetchBaseQueryError, fetchBaseQuery } from '@reduxjs/toolkit/query';
import { goToLogin, refresh } from './portico.ts';

/** The interceptor as the documents of RTK Query describe it: a 401 refreshes and repeats, a refused refresh leads to the sign-in page. */

interface Auth {
  readonly token: string | null;
  readonly who: string | null;
}

const signedOut: Auth = { token: null, who: null };

const authSlice = createSlice({
  name: 'auth',
  initialState: signedOut,
  reducers: {
    tokenReceived: (_, { payload }: PayloadAction<Auth>) => payload,
    loggedOut: () => signedOut,
  },
});

const { tokenReceived, loggedOut } = authSlice.actions;

const baseQuery = fetchBaseQuery({
  baseUrl: '/api',
  prepareHeaders: (headers, { getState }) => {
    const { token } = (getState() as { readonly auth: Auth }).auth;
    if (token !== null) headers.set('authorization', `Bearer ${token}`);
  },
});

const baseQueryWithReauth: BaseQueryFn<string | FetchArgs, unknown, FetchBaseQueryError> = async (args, asking, extra) => {
  const result = await baseQuery(args, asking, extra);
  if (result.error?.status !== 401) return result;
  return (await renew()) ? baseQuery(args, asking, extra) : result;
};

export const api = createApi({
  baseQuery: baseQueryWithReauth,
  endpoints: (build) => ({
    readScores: build.query<{ readonly scores: readonly { readonly points: number; readonly yours: boolean }[] }, void>({
      query: () => 'scores',
    }),
    scorePoint: build.mutation<unknown, void>({ query: () => ({ url: 'scores', method: 'POST' }) }),
  }),
});

export const store = configureStore({
  reducer: { auth: authSlice.reducer, [api.reducerPath]: api.reducer },
  middleware: (defaults) => defaults().concat(api.middleware),
});

/** False: the page is on its way to the sign-in page. */
export async function renew(): Promise<boolean> {
  const answer = await refresh();
  if (answer === null) {
    store.dispatch(loggedOut());
    goToLogin();
    return false;
  }
  const { accessToken = null, user } = answer;
  store.dispatch(tokenReceived({ token: accessToken, who: user.email ?? user.id }));
  return true;
}
