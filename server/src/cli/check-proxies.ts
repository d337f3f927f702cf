import ipaddr from 'ipaddr.js';
import { listEventsPage } from '../audit/event-list.ts';
import { listSuspensions } from '../guessing/suspension.ts';
import { isAllowedAddress, PUBLIC_ONLY } from '../platform/outgoing.ts';
import type { Check, Examination } from './check.ts';

/** So many of the newest events are looked at. */
const EVENTS_LOOKED_AT = 300;
/** Fewer are no sign of anything. */
const EVENTS_ENOUGH = 10;
const SUSPENSIONS_LOOKED_AT = 200;
const ANY_EVENT = {
  event: null,
  action: null,
  actor: null,
  user: null,
  client: null,
  session: null,
  target: null,
  address: null,
  request: null,
  from: null,
  until: null,
};

/** Whether the address that guesses are counted by is a person's, and not a proxy's: else one stranger shuts everybody out. */
export async function checkProxies(examination: Examination): Promise<readonly Check[]> {
  const reached = await examination.reached;
  const seen = reached.kind === 'open' ? await checkSeen(examination, reached.database) : [];
  const said = seen.some(({ state }) => state !== 'ok') ? [] : [checkDeclared(examination)];
  return [...said, ...seen];
}

function checkDeclared({ settings: { mode, origin, apiOrigin, trustedProxies } }: Examination): Check {
  const name = 'proxies';
  if (trustedProxies.length > 0) return { name, state: 'ok', finding: `X-Forwarded-For counts from ${trustedProxies.join(', ')}` };
  // Portico speaks no TLS itself.
  if (mode !== 'production' || ![origin, apiOrigin].some((each) => each.startsWith('https:'))) {
    return { name, state: 'ok', finding: 'none declared: the address that connects is the one that counts' };
  }
  const finding = 'https needs a proxy before Portico, and none is declared: all people would share its address, and its limits';
  return { name, state: 'warn', finding, fix: 'set PORTICO_TRUSTED_PROXIES to the address of the proxy' };
}

async function checkSeen({ settings, outside }: Examination, db: Parameters<typeof listSuspensions>[0]): Promise<Check[]> {
  const events = await listEventsPage(db, ANY_EVENT, { after: null, limit: EVENTS_LOOKED_AT });
  const addresses = events.map(({ address }) => address).filter((address) => ipaddr.isValid(address));
  const suspended = (await listSuspensions(db, SUSPENSIONS_LOOKED_AT)).filter(
    ({ until, liftedAt }) => until > outside.now() && liftedAt === null,
  );
  return [
    ...checkAddresses(settings.trustedProxies, settings.mode, addresses),
    ...suspended.filter(({ network }) => isDeclared(settings.trustedProxies, network)).map(({ network }) => suspendedProxy(network)),
  ];
}

function checkAddresses(declared: readonly string[], mode: string, addresses: readonly string[]): Check[] {
  const name = 'proxies, as seen';
  const fromProxy = addresses.filter((address) => isDeclared(declared, address));
  if (fromProxy.length >= EVENTS_ENOUGH) {
    const finding = `${fromProxy.length} of the newest ${addresses.length} events came from ${fromProxy[0]} itself, a declared proxy: it does not say for whom it asks`;
    return [{ name, state: 'warn', finding, fix: 'let it set X-Forwarded-For (nginx: proxy_set_header X-Forwarded-For $remote_addr)' }];
  }
  const only = new Set(addresses);
  const [first] = addresses;
  const inside = mode === 'production' && first !== undefined && only.size === 1 && !isAllowedAddress(PUBLIC_ONLY, first);
  if (!inside || addresses.length < EVENTS_ENOUGH) return [];
  const finding = `the newest ${addresses.length} events all came from ${first}: that is a proxy which was not declared`;
  return [{ name, state: 'warn', finding, fix: `set PORTICO_TRUSTED_PROXIES=${first}` }];
}

function suspendedProxy(network: string): Check {
  return {
    name: 'proxies, suspended',
    state: 'fail',
    finding: `${network} is a declared proxy, and is shut out for guessing: everybody behind it is`,
    fix: `portico suspension lift ${network}, and let the proxy set X-Forwarded-For`,
  };
}

function isDeclared(ranges: readonly string[], address: string): boolean {
  const bare = address.replace(/\/\d+$/, '');
  if (!ipaddr.isValid(bare)) return false;
  const parsed = ipaddr.process(bare);
  return ranges
    .map((range) => ipaddr.parseCIDR(range))
    .some(([first, bits]) => first.kind() === parsed.kind() && parsed.match(first, bits));
}
