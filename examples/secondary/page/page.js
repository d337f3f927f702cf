// The page of the secondary: seed 004's flow, step by step. Tokens never come here, only a ticket on its way through.

const who = document.querySelector('#who');
let csrfToken = '';

const post = (path, body = {}) =>
  fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(csrfToken === '' ? {} : { 'x-csrf-token': csrfToken }) },
    body: JSON.stringify(body),
  });

/** Signs in silently, if the main server knows this browser. Answers where to go instead, if it does not. */
async function signIn() {
  const { ticketUrl, state } = await (await post('/auth/begin')).json();
  const asked = await fetch(ticketUrl, { credentials: 'include' });
  const answer = await asked.json();
  if (asked.ok) return show(await post('/auth/login', { ticket: answer.ticket, state }));
  return { redirectTo: answer.redirectTo === undefined ? answer.verifyUrl : `${answer.redirectTo}&state=${state}` };
}

async function show(response) {
  const signedIn = response.ok ? await response.json() : null;
  csrfToken = signedIn?.csrfToken ?? '';
  who.textContent = signedIn === null ? 'nobody' : `${signedIn.user.email} ${signedIn.points ?? 0}`;
  document.querySelector('#sign-in').hidden = signedIn !== null;
  for (const id of ['#score', '#log-out']) document.querySelector(id).hidden = signedIn === null;
  return {};
}

const onClick = (button, act) => document.querySelector(button).addEventListener('click', () => void act());

onClick('#score', async () => {
  await post('/score');
  await show(await fetch('/me'));
});
onClick('#log-out', async () => {
  await post('/logout');
  await show(await fetch('/me'));
});
onClick('#sign-in', async () => {
  const { redirectTo } = await signIn();
  if (redirectTo !== undefined) location.assign(redirectTo);
});

const known = await fetch('/me');
await show(known);
if (known.status === 401) await signIn();
document.documentElement.dataset.alive = '';
