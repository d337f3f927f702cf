import { findOriginProblem, findRedirectProblem, findWebProblem } from '@portico/protocol/addresses';
import { addressSentence } from '../clients/check-address.ts';
import type { Client } from '../clients/client.ts';
import { outgoingRules } from '../config/outgoing-rules.ts';
import { isLoopbackHost } from '../platform/loopback.ts';
import { createNetwork, NetworkTrouble } from '../platform/network.ts';
import { type Check, callPatience, type Examination, lookAtEach } from './check.ts';

/** Every address of a site that a name is looked up for. */
export function siteAddresses({ redirectUris, postLogoutUris, origins, backchannelLogoutUri, logoUri }: Client): readonly string[] {
  const single = [backchannelLogoutUri, logoUri].filter((each) => each !== null);
  return [...redirectUris, ...postLogoutUris, ...origins, ...single];
}

/** Whether what the sites registered still holds, and whether they hear of sign-outs. */
export async function checkSites(examination: Examination): Promise<readonly Check[]> {
  const { sites, outside } = examination;
  const listed = await sites;
  if (listed === null) {
    const fix = 'mend what stands under "database", and ask again';
    return [{ name: 'sites', state: 'warn', finding: 'not checked: they are in the database, which cannot be read', fix }];
  }
  if (listed.length === 0) return [{ name: 'sites', state: 'ok', finding: 'none is registered' }];
  const told = await lookAtEach(
    outside,
    'sites',
    listed.filter(({ backchannelLogoutUri }) => backchannelLogoutUri !== null),
    (site) => checkBackchannel(examination, site),
  );
  return [...checkAddresses(examination, listed), ...told];
}

function checkAddresses({ settings: { mode } }: Examination, sites: readonly Client[]): Check[] {
  const found = sites.flatMap((site): Check[] => {
    const name = `site ${site.id}`;
    const wrong = wrongAddresses(site);
    if (wrong.length > 0) {
      return [
        { name, state: 'fail', finding: wrong.join('; '), fix: 'correct the registration in the admin page: nobody is sent there safely' },
      ];
    }
    const local = mode === 'production' && site.kind !== 'native' ? siteAddresses(site).filter(isLocal) : [];
    if (local.length === 0) return [];
    const finding = `${local.join(', ')}: whatever runs on the visitor's own machine gets the sign-in`;
    return [{ name, state: 'warn', finding, fix: 'take addresses of this machine out of registrations in production' }];
  });
  const good = sites.length - found.length;
  return [{ name: 'sites', state: 'ok', finding: `${good} of ${sites.length} have good addresses` }, ...found];
}

/** The rules of registration, held again: rows may be older than a rule, or written by hand. */
function wrongAddresses({ kind, redirectUris, postLogoutUris, origins, backchannelLogoutUri }: Client): string[] {
  const back = [...redirectUris, ...postLogoutUris].map((uri) => [uri, findRedirectProblem(kind, uri)] as const);
  const own = origins.map((origin) => [origin, findOriginProblem(origin)] as const);
  const told = backchannelLogoutUri === null ? [] : [[backchannelLogoutUri, findWebProblem(backchannelLogoutUri)] as const];
  return [...back, ...own, ...told].flatMap(([address, problem]) => (problem === null ? [] : [`${address} ${addressSentence(problem)}`]));
}

function isLocal(address: string): boolean {
  const url = URL.parse(address);
  return url !== null && /^https?:$/.test(url.protocol) && isLoopbackHost(url.hostname);
}

/** A form without a logout token, on the way that logouts take: a site that listens refuses it, and nobody is signed out. */
async function checkBackchannel({ settings, outside }: Examination, site: Client): Promise<readonly Check[]> {
  const name = `back-channel of ${site.id}`;
  const uri = site.backchannelLogoutUri ?? '';
  const network = createNetwork({ outgoing: outgoingRules(settings), callWithin: callPatience(outside), lookUp: outside.names.lookUp });
  const warn = (finding: string, fix: string): readonly Check[] => [{ name, state: 'warn', finding: `${site.name}: ${finding}`, fix }];
  try {
    const status = await network.post(uri, new URLSearchParams());
    if (status === 400) return [{ name, state: 'ok', finding: `${site.name} listens at ${uri}` }];
    if (status === 200 || status === 204) {
      return warn(
        `${uri} takes a logout without a logout token`,
        'the site must verify the token (OpenID Connect Back-Channel Logout 1.0, 2.6)',
      );
    }
    return warn(
      `${uri} answers ${status}`,
      'the site must answer 400 to a form without a logout token: is the path right, and without a sign-in of its own?',
    );
  } catch (cause) {
    if (!(cause instanceof NetworkTrouble)) throw cause;
    if (!cause.refused) return warn(`${uri} is not reached (${cause.reason})`, 'start the site, or correct its back-channel address');
    return warn(
      `${uri} leads to an address that Portico does not call`,
      'name its network in PORTICO_OUTGOING_NETWORKS, or give it a public https address',
    );
  }
}
