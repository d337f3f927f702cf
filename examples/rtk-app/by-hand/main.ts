import { api, renew, store } from './store.ts';

/** Starts as every page without the SDK has to: the access token was in the memory of the page before, so a new one is fetched first. */

const element = (id: string) => document.querySelector(`#${id}`);

async function show(): Promise<void> {
  const { data } = await store.dispatch(api.endpoints.readScores.initiate(undefined, { forceRefetch: true }));
  const who = element('who');
  const scores = element('scores');
  if (who !== null) who.textContent = store.getState().auth.who ?? 'nobody';
  if (scores !== null) scores.textContent = (data?.scores ?? []).map(({ points }) => String(points)).join(', ');
}

element('score')?.addEventListener('click', () => {
  void store.dispatch(api.endpoints.scorePoint.initiate()).then(({ error }) => (error === undefined ? show() : undefined));
});

// What a sign-in leaves in the address says nothing: the cookie is all that it brought.
history.replaceState(null, '', location.pathname);
if (await renew()) await show();
