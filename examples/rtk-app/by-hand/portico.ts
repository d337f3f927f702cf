import type { RefreshAnswer } from '@portico/protocol/apps';
import { AUTH_PATHS, AUTH_PREFIX, OAUTH } from '@portico/protocol/routes';

/** The two things that an app without the SDK says to Portico. */

const { issuer = '', clientId = '' } = document.body.dataset;

/** Null: refused, somebody has to sign in, or to type the code of a sign-in that was held. Throws when nothing was learned: no sign-out. */
export async function refresh(): Promise<RefreshAnswer | null> {
  const answer = await fetch(`${issuer}${AUTH_PREFIX}${AUTH_PATHS.refresh}`, { method: 'POST', credentials: 'include' });
  if (answer.ok) return (await answer.json()) as RefreshAnswer;
  if (answer.status === 400 || answer.status === 403) return null;
  throw new Error(`Portico answered ${answer.status}`);
}

/** Leaves for the sign-in page. Nothing comes back in the address: the browser has the cookie then, and the app refreshes as it starts. */
export function goToLogin(): void {
  const [redirect_uri, state] = [`${location.origin}/`, crypto.randomUUID()];
  const asked = { response_type: 'none', client_id: clientId, redirect_uri, scope: 'profile email', state };
  location.assign(`${issuer}${OAUTH.authorize}?${new URLSearchParams(asked).toString()}`);
}
