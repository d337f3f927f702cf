import { followSession, porticoBaseQuery, sessionSlice } from '@portico/client/rtk';
import { configureStore } from '@reduxjs/toolkit';
import { createApi } from '@reduxjs/toolkit/query/react';
import { portico } from './portico.ts';

export interface Score {
  readonly points: number;
  readonly yours: boolean;
}

export const api = createApi({
  baseQuery: porticoBaseQuery(portico, { baseUrl: '/api' }),
  tagTypes: ['scores'],
  endpoints: (build) => ({
    readScores: build.query<readonly Score[], void>({
      query: () => 'scores',
      transformResponse: ({ scores }: { readonly scores: readonly Score[] }) => scores,
      providesTags: ['scores'],
    }),
    scorePoint: build.mutation<unknown, void>({
      query: () => ({ url: 'scores', method: 'POST' }),
      invalidatesTags: ['scores'],
    }),
  }),
});

export const { useReadScoresQuery, useScorePointMutation } = api;

export const store = configureStore({
  reducer: { session: sessionSlice.reducer, [api.reducerPath]: api.reducer },
  middleware: (defaults) => defaults().concat(api.middleware),
});

followSession(portico, store, [api]);
