import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configureStore } from '@reduxjs/toolkit';
import { createApi } from '@reduxjs/toolkit/query';
import { type FakePortico, fakePortico, fakeUser, HOUR } from '../test/fake-portico.ts';
import { followSession, porticoBaseQuery, selectSession, selectUser, sessionSlice } from './rtk.ts';

const BASE = 'https://app.example.com/api';

/** An app's store, with one call of which every answer is in the test's hands. */
function openStore() {
  const asked: { request: Request; answer: (body: object, status?: number) => void }[] = [];
  const send: typeof fetch = (input) =>
    new Promise((resolve) => {
      assert.ok(input instanceof Request);
      asked.push({ request: input, answer: (body, status = 200) => resolve(Response.json(body, { status })) });
    });
  const portico = fakePortico(send);
  const api = createApi({
    baseQuery: porticoBaseQuery(portico, { baseUrl: BASE }),
    endpoints: (build) => ({ diary: build.query<{ of: string }, void>({ query: () => 'diary' }) }),
  });
  const store = configureStore({
    reducer: { [sessionSlice.reducerPath]: sessionSlice.reducer, [api.reducerPath]: api.reducer },
    middleware: (defaults) => defaults().concat(api.middleware),
  });
  const read = () => {
    const entry = api.endpoints.diary.select()(store.getState());
    return { who: selectUser(store.getState())?.id, diary: entry.data?.of };
  };
  /** As a page does that wants the diary: asks, and waits until the request has left. */
  const ask = async () => {
    const before = asked.length;
    const pending = store.dispatch(api.endpoints.diary.initiate());
    await until(() => asked.length > before);
    const sent = asked.at(-1);
    assert.ok(sent !== undefined);
    return { sent, pending };
  };
  const asks = async (of: string) => {
    const { sent, pending } = await ask();
    sent.answer({ of });
    await pending;
  };
  return { portico, api, store, asked, read, ask, asks };
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000 && !isTrue(); turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(isTrue(), 'it never came to be');
}

test('an api asks through Portico: its fetch gets the whole request, and nothing else is sent', async () => {
  const { asks, asked, read } = openStore();
  await asks('ada');
  assert.deepEqual(
    asked.map(({ request }) => [request.method, request.url]),
    [['GET', `${BASE}/diary`]],
  );
  assert.equal(read().diary, 'ada');
});

test('a refusal reaches the page as RTK Query tells of it', async () => {
  const { ask } = openStore();
  const { sent, pending } = await ask();
  sent.answer({ error: 'role_missing' }, 403);
  const { error } = await pending;
  assert.deepEqual(error, { status: 403, data: { error: 'role_missing' } });
});

test('the store says who is signed in, from the beginning and after each change, until it is told to stop', () => {
  const { portico, store } = openStore();
  portico.signedIn('ada');
  const stop = followSession(portico, store);
  const ada = { status: 'signed-in', user: fakeUser('ada'), expiresAt: HOUR, verifyUrl: null };
  assert.deepEqual(selectSession(store.getState()), ada);
  portico.become({ status: 'unverified', verifyUrl: 'https://auth.example.com/auth/verify-signin' });
  assert.equal(selectSession(store.getState()).verifyUrl, 'https://auth.example.com/auth/verify-signin');
  assert.equal(selectUser(store.getState()), null);
  stop();
  assert.equal(portico.listeners(), 0);
  portico.signedIn('bob');
  assert.equal(selectUser(store.getState()), null);
});

for (const { name, change } of [
  { name: 'a sign-out', change: (portico: FakePortico) => portico.become({ status: 'signed-out' }) },
  { name: 'a hold', change: (portico: FakePortico) => portico.become({ status: 'unverified', verifyUrl: 'https://auth.example.com' }) },
  { name: 'another user', change: (portico: FakePortico) => portico.signedIn('bob') },
  {
    name: 'another user after a time in which nothing was known',
    change: (portico: FakePortico) => {
      portico.become({ status: 'offline' });
      portico.become({ status: 'loading' });
      portico.signedIn('bob');
    },
  },
])
  test(`${name} empties the api, and no moment shows the old data under the new session`, async () => {
    const { portico, api, store, asks, read } = openStore();
    portico.signedIn('ada');
    followSession(portico, store, [api]);
    await asks('ada');
    assert.deepEqual(read(), { who: 'ada', diary: 'ada' });
    const seen: unknown[] = [];
    store.subscribe(() => seen.push(read()));
    change(portico);
    assert.equal(read().diary, undefined);
    const known = seen.filter((moment) => (moment as ReturnType<typeof read>).who === 'bob');
    assert.deepEqual(
      known.filter((moment) => (moment as ReturnType<typeof read>).diary !== undefined),
      [],
    );
  });

test('an answer to Ada that arrives when Bob is signed in is shown to nobody', async () => {
  const { portico, api, store, ask, read, asks } = openStore();
  portico.signedIn('ada');
  followSession(portico, store, [api]);
  const late = await ask();
  portico.signedIn('bob');
  await asks('bob');
  late.sent.answer({ of: 'ada' });
  await late.pending;
  assert.deepEqual(read(), { who: 'bob', diary: 'bob' });
});

test('what was read stays while the same user goes on: a new end of the session, a time offline, the first certainty after the start', async () => {
  const { portico, api, store, asks, read } = openStore();
  followSession(portico, store, [api]);
  await asks('ada');
  portico.signedIn('ada');
  assert.deepEqual(read(), { who: 'ada', diary: 'ada' }, 'read while the session was still being restored');
  portico.become({ status: 'signed-in', user: fakeUser('ada'), expiresAt: 2 * HOUR });
  portico.become({ status: 'offline', user: fakeUser('ada'), expiresAt: 2 * HOUR });
  portico.signedIn('ada');
  assert.deepEqual(read(), { who: 'ada', diary: 'ada' });
});

test('signing in empties what was read as nobody', async () => {
  const { portico, api, store, asks, read } = openStore();
  portico.become({ status: 'signed-out' });
  followSession(portico, store, [api]);
  await asks('everybody');
  portico.signedIn('ada');
  assert.equal(read().diary, undefined);
});
