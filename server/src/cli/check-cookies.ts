import { SECURE_COOKIE_PREFIX } from '@portico/protocol/cookies';
import type { Client } from '../clients/client.ts';
import { isSameSite } from '../config/same-site.ts';
import { isLoopbackHost } from '../platform/loopback.ts';
import type { Check, Examination } from './check.ts';

/** What the layout of the hosts means for cookies: where they live, who else gets them, which apps can use them. */
export async function checkCookies({ settings, sites }: Examination): Promise<readonly Check[]> {
  const { origin, appOrigin, apiOrigin } = settings;
  const listed = (await sites) ?? [];
  const host = new URL(apiOrigin).hostname;
  const layout =
    new Set([origin, appOrigin, apiOrigin]).size === 1 ? 'one origin' : `three origins of one site, cookies at ${apiOrigin} alone`;
  const kind = apiOrigin.startsWith('https:')
    ? `${SECURE_COOKIE_PREFIX} cookies, which no other host can plant`
    : 'plain cookies, good on this machine only';
  const fine: Check = { name: 'cookies', state: 'ok', finding: `${layout}: ${kind}` };
  const mixed = [origin, appOrigin, apiOrigin].find((each) => each.startsWith('https:') !== apiOrigin.startsWith('https:'));
  if (mixed !== undefined) {
    const finding = `${mixed} and ${apiOrigin} are not one site: browsers send no cookies from one to the other`;
    return [{ name: 'cookies', state: 'fail', finding, fix: 'give all three https' }];
  }
  return [fine, ...checkNeighbours(host, listed), ...checkApps(apiOrigin, listed)];
}

/** Cookies know no ports (RFC 6265 8.5): another program at the same host is sent all of them. */
function checkNeighbours(host: string, sites: readonly Client[]): Check[] {
  if (isLoopbackHost(host)) return [];
  const neighbours = sites.filter(({ origins, redirectUris }) =>
    [...origins, ...redirectUris].some((each) => URL.parse(each)?.hostname === host),
  );
  return neighbours.map(({ id, name: site }) => ({
    name: `cookies and site ${id}`,
    state: 'warn',
    finding: `${site} lives at the host of the API, so its server is sent Portico's cookies, whatever its port is`,
    fix: 'give the site or the API a host of its own',
  }));
}

/** Apps on another site cannot use the cookie; the SDK then holds the sign-in in memory. */
function checkApps(apiOrigin: string, sites: readonly Client[]): Check[] {
  const apps = sites.filter(({ kind }) => kind === 'spa');
  if (apps.length === 0) return [];
  const far = apps.filter(({ origins }) => origins.some((each) => !isSameSite(each, apiOrigin)));
  const near = apps.length - far.length;
  const told = far.length === 0 ? '' : `; ${far.length} on other sites sign in by PKCE: ${far.map(({ id }) => id).join(', ')}`;
  return [
    { name: 'cookies of apps', state: 'ok', finding: `${near} of ${apps.length} apps share the site of the API and use its cookie${told}` },
  ];
}
