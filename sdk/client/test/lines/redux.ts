import { followSession, porticoBaseQuery, sessionSlice } from '@portico/client/rtk';
import { configureStore } from '@reduxjs/toolkit';
import { createApi } from '@reduxjs/toolkit/query/react';
import { portico } from './portico.ts';

export const api = createApi({
  baseQuery: porticoBaseQuery(portico, { baseUrl: '/api' }),
  endpoints: (build) => ({ readScores: build.query<number[], void>({ query: () => 'scores' }) }),
});

export const store = configureStore({
  reducer: { session: sessionSlice.reducer, [api.reducerPath]: api.reducer },
  middleware: (defaults) => defaults().concat(api.middleware),
});

followSession(portico, store, [api]);
