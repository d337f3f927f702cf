import { HEADERS } from '@portico/protocol/cookies';
import { EXTERNAL_PATHS, EXTERNAL_PREFIX, OAUTH, PAGES } from '@portico/protocol/routes';
import type { Answered } from '../../../server/test/browser.ts';
import { basicOf, newVerifier, type Site } from '../../../server/test/sites.ts';
import type { Ending } from '../ledger.ts';
import { isTrouble } from '../line.ts';
import { attemptOf, type Device, heard, type Person, patiently, type SiteHolding, surprised } from '../person.ts';
import { STRICT_ROUTES } from '../stage/strict-site.ts';
import { refreshTab } from './session.ts';

/** What people do at client sites, and what the sites' backends do for them. */

/** A site refreshes its access token before it is this old, in milliseconds; they live for five minutes. */
const USED_FOR = 200_000;
/** What strict routes promise, whatever broke, in milliseconds. */
export const STRICT_WITHIN = 6000;
const SCOPE = 'openid profile email offline_access';
const FORM = 'application/x-www-form-urlencoded';

/** To the site by a redirect, back with a code, and the code becomes tokens: by the backend's own call, or at the token endpoint. */
export async function openSite(person: Person, device: Device, which: 'notes' | 'reader'): Promise<void> {
  const site = person.stage[which];
  const { verifier, challenge } = newVerifier();
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: site.id,
    redirect_uri: site.redirectUri,
    scope: SCOPE,
    state: 'state',
    code_challenge: challenge,
    code_challenge_method: 'S256',
  });
  const address = `${OAUTH.authorize}?${query.toString()}`;
  const answer = await patiently(person, () => heard(navigate(device, address)));
  if (isTrouble(answer)) return;
  const location = new URL(String(answer.headers['location'] ?? '/'), person.stage.origin);
  const code = location.searchParams.get('code');
  if (code === null) {
    // Another tab has just replaced the cookie: the page there refreshes, and comes back.
    if (location.pathname === PAGES.freshen) await refreshTab(person, device);
    else
      surprised(
        person,
        location.pathname === PAGES.signIn ? 'ended' : 'wrong',
        `authorize ${which}`,
        `${answer.status} ${location.pathname}`,
      );
    return;
  }
  const redeemed = await heard(redeem(person, site, { code, verifier }));
  // A code is good once: whoever does not know whether it was taken fetches another one.
  if (isTrouble(redeemed)) return;
  if (redeemed.status !== 200) return surprised(person, 'wrong', `redeem ${which}`, redeemed);
  person.ledger.codes.push({ site, code, verifier });
  const holding: SiteHolding = { ...tokensOf(redeemed), since: Date.now(), attempts: new Map() };
  device[which] = holding;
}

/** The code of a public client is told apart by who asks. */
export function redeem(person: Person, site: Site, { code, verifier }: { code: string; verifier: string }): Promise<Answered> {
  if (site.secret !== null) return backend(person, 'token', { code, codeVerifier: verifier, redirectUri: site.redirectUri });
  const form = { grant_type: 'authorization_code', client_id: site.id, code, redirect_uri: site.redirectUri, code_verifier: verifier };
  return person.newBrowser().send('POST', OAUTH.token, new URLSearchParams(form).toString(), { headers: asPublic() });
}

export async function refreshAtSite(person: Person, device: Device, which: 'notes' | 'reader'): Promise<boolean> {
  const holding = device[which];
  if (holding === null) return false;
  const answer = await patiently(person, () => heard(spend(person, device, which, holding)));
  if (isTrouble(answer)) return false;
  if (answer.status !== 200) {
    surprised(person, 'ended', `refresh ${which}`, answer);
    device[which] = null;
    return false;
  }
  person.ledger.rotations += 1;
  Object.assign(holding, tokensOf(answer), { since: Date.now() });
  return true;
}

function spend(person: Person, { browser }: Device, which: 'notes' | 'reader', holding: SiteHolding): Promise<Answered> {
  const attempt = attemptOf(holding, browser);
  if (which === 'notes') return backend(person, 'refresh', { refreshToken: holding.refreshToken, attempt });
  const form = { grant_type: 'refresh_token', client_id: person.stage.reader.id, refresh_token: holding.refreshToken };
  const headers = { ...asPublic(), [HEADERS.attempt]: attempt };
  return person.newBrowser().send('POST', OAUTH.token, new URLSearchParams(form).toString(), { headers });
}

export async function visitSite(person: Person, device: Device): Promise<void> {
  const { notes } = device;
  if (notes === null || (Date.now() - notes.since > USED_FOR && !(await refreshAtSite(person, device, 'notes')))) return;
  for (const route of STRICT_ROUTES) {
    const answer = await askSite(person, route, notes.accessToken);
    // 503: the site hears nothing of revocations, and is strict.
    if (answer !== null && answer.statusCode === 401) surprised(person, 'turned_away', `visit ${route}`, answer.body);
    else if (answer !== null && ![200, 503].includes(answer.statusCode)) surprised(person, 'wrong', `visit ${route}`, answer.body);
  }
}

/** With a token whose end was told long enough ago: as a thief would who has kept it. */
export async function trySomeEnded(person: Person): Promise<void> {
  const told = person.ledger.endings.filter(({ toldAt, accessToken }) => accessToken !== null && Date.now() - toldAt > STRICT_WITHIN);
  const ending = told[Math.floor(person.random() * told.length)];
  if (ending !== undefined) await tryEnded(person, ending);
}

export async function tryEnded(person: Person, { accessToken, why, toldAt }: Ending): Promise<void> {
  if (accessToken === null) return;
  for (const route of STRICT_ROUTES) {
    person.ledger.strictTries += 1;
    const answer = await askSite(person, route, accessToken);
    if (answer?.statusCode === 200) surprised(person, 'let_in', route, `${why} ${Date.now() - toldAt} ms ago`);
  }
}

export async function readUserinfo(person: Person, { reader }: Device): Promise<void> {
  if (reader === null || Date.now() - reader.since > USED_FOR) return;
  const headers = { ...asPublic(), authorization: `Bearer ${reader.accessToken}` };
  const answer = await patiently(person, () => heard(person.newBrowser().send('GET', OAUTH.userinfo, undefined, { headers })));
  if (isTrouble(answer) || answer.status === 200) return;
  surprised(person, answer.status === 401 ? 'turned_away' : 'wrong', 'userinfo', answer);
}

function askSite({ toSite }: Person, route: string, token: string) {
  return toSite.get(route, { authorization: `Bearer ${token}` }).catch(() => null);
}

export function backend(person: Person, name: keyof typeof EXTERNAL_PATHS, body: object): Promise<Answered> {
  const headers = { ...asPublic(), authorization: basicOf(person.stage.notes), 'content-type': 'application/json' };
  return person.newBrowser().send('POST', EXTERNAL_PREFIX + EXTERNAL_PATHS[name], body, { headers });
}

/** No browser: neither origin nor fetch metadata. */
function asPublic() {
  return { 'content-type': FORM, origin: undefined, 'sec-fetch-site': undefined };
}

function navigate({ browser }: Device, address: string): Promise<Answered> {
  return browser.send('GET', address, undefined, {
    headers: { accept: 'text/html', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
  });
}

function tokensOf({ body }: Answered): { accessToken: string; refreshToken: string } {
  return {
    accessToken: String(body['accessToken'] ?? body['access_token']),
    refreshToken: String(body['refreshToken'] ?? body['refresh_token']),
  };
}
