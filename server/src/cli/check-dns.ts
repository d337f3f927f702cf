import type { Settings } from '../config.ts';
import { isLoopbackHost } from '../platform/loopback.ts';
import { addressesOf } from '../platform/names.ts';
import { isAllowedAddress, PUBLIC_ONLY } from '../platform/outgoing.ts';
import { parseSmtpUrl } from '../platform/smtp-url.ts';
import { type Check, codeOf, type Examination, lookAtEach } from './check.ts';
import { providerAddresses } from './check-providers.ts';
import { siteAddresses } from './check-sites.ts';

/** What a name is needed for decides how bad it is that it leads nowhere. */
interface NeededHost {
  readonly host: string;
  readonly purpose: string;
  readonly bad: 'warn' | 'fail';
  /** People's browsers must reach it. */
  readonly isPublic: boolean;
}

/** Whether every name that Portico uses, or hands to browsers, leads somewhere. */
export async function checkDns(examination: Examination): Promise<readonly Check[]> {
  const { settings, outside } = examination;
  const hosts = [...ownHosts(settings), ...(await siteHosts(examination))];
  if (hosts.length === 0) return [{ name: 'dns', state: 'ok', finding: 'only names of this machine are used' }];
  return lookAtEach(outside, 'dns', hosts, (host) => checkHost(examination, host));
}

function ownHosts(settings: Settings): NeededHost[] {
  const { origin, appOrigin, apiOrigin, assetBase, smtpUrl, redisUrl, databaseUrl } = settings;
  const hosts: NeededHost[] = [];
  const need = (host: string, purpose: string, bad: 'warn' | 'fail', isPublic = false) => {
    if (host !== '' && !isAddressOrOurs(host) && !hosts.some((known) => known.host === host)) hosts.push({ host, purpose, bad, isPublic });
  };
  need(new URL(origin).hostname, 'PORTICO_ORIGIN', 'fail', true);
  need(new URL(appOrigin).hostname, 'PORTICO_APP_ORIGIN', 'fail', true);
  need(new URL(apiOrigin).hostname, 'PORTICO_API_ORIGIN', 'fail', true);
  if (assetBase !== '') need(new URL(assetBase).hostname, 'PORTICO_ASSET_BASE', 'fail', true);
  need(parseSmtpUrl(smtpUrl)?.host ?? '', 'PORTICO_SMTP_URL', 'fail');
  if (databaseUrl !== '') need(new URL(databaseUrl).hostname, 'PORTICO_DATABASE_URL', 'fail');
  if (redisUrl !== '') need(new URL(redisUrl).hostname, 'PORTICO_REDIS_URL', 'fail');
  for (const { label, address } of providerAddresses(settings)) need(new URL(address).hostname, `sign-in with ${label}`, 'fail');
  return hosts;
}

/** Each host of the registered sites once, with the name of the first that uses it. */
async function siteHosts({ sites }: Examination): Promise<NeededHost[]> {
  const hosts = new Map<string, NeededHost>();
  for (const site of (await sites) ?? []) {
    for (const address of siteAddresses(site)) {
      const host = URL.parse(address)?.hostname ?? '';
      if (host === '' || isAddressOrOurs(host) || hosts.has(host)) continue;
      hosts.set(host, { host, purpose: `site ${site.name} (${site.id})`, bad: 'warn', isPublic: false });
    }
  }
  return [...hosts.values()];
}

function isAddressOrOurs(host: string): boolean {
  return isLoopbackHost(host) || host.startsWith('[') || /^[\d.]+$/.test(host);
}

async function checkHost({ settings, outside }: Examination, { host, purpose, bad, isPublic }: NeededHost): Promise<readonly Check[]> {
  const name = `dns ${host}`;
  const isSite = purpose.startsWith('site ');
  try {
    const addresses = await addressesOf(outside.names, host);
    const finding = `${purpose}: ${addresses.join(', ')}`;
    const inside = isPublic && settings.mode === 'production' && !addresses.some((address) => isAllowedAddress(PUBLIC_ONLY, address));
    if (!inside) return [{ name, state: 'ok', finding }];
    const fix = 'fine where only your own network uses it; otherwise let the public name server answer with a public address';
    return [{ name, state: 'warn', finding: `${finding}: from here it leads only to an internal address`, fix }];
  } catch (cause) {
    const code = codeOf(cause);
    const finding = `${purpose}: ${code === 'ENOTFOUND' || code === 'ENODATA' ? 'there is no such name' : `no answer (${code})`}`;
    const fix = isSite
      ? 'take the address out of the registration: whoever registers that name next gets what is sent there'
      : 'make an A or AAAA record for it, or correct the setting; if no name resolves, look at the name server of this machine';
    return [{ name, state: bad, finding, fix }];
  }
}
