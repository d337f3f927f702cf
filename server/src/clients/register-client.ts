import { FIRST_PARTY_CLIENT } from '@portico/protocol/tokens';
import { findUser } from '../accounts/user.ts';
import { recordEvent } from '../audit/event.ts';
import type { Origin } from '../caller.ts';
import type { Config } from '../config.ts';
import type { Deps } from '../deps.ts';
import type { Db } from '../platform/db.ts';
import { type CheckedClient, type ClientWish, checkClient } from './check-client.ts';
import { type Client, findClient, findClientWithOrigin, insertClient, lockRegistrations } from './client.ts';
import { type MadeSecret, makeAuthenticationSecret, makeSigningSecret } from './make-secret.ts';

export interface RegisteredClient {
  readonly kind: 'registered';
  readonly client: Client;
  /** Told once: null where the client proves itself in another way, or not at all. */
  readonly secret: MadeSecret | null;
  /** Told once: of HS256. */
  readonly signingSecret: MadeSecret | null;
}

export type Registration = RegisteredClient | { readonly kind: 'refused'; readonly problems: readonly string[] };

/** Adds a client site. The only way in: there is no registration over the network (RFC 7591 is not offered). */
export async function registerClient(deps: Deps, from: Origin, wish: ClientWish): Promise<Registration> {
  const checked = checkClient(wish);
  if (checked.kind === 'bad') return { kind: 'refused', problems: checked.problems };
  const id = wish.id ?? inventId(deps, wish.name);
  return deps.db.transaction(async (tx) => {
    // Two that come at once must not both find an origin free.
    await lockRegistrations(tx, deps);
    const problems = [...findOwnAddresses(deps.config, checked.client), ...(await findClashes(tx, id, checked.client))];
    if (problems.length > 0) return { kind: 'refused', problems };
    await insertClient(tx, { ...checked.client, id }, deps.now());
    const { authentication, accessAlg } = checked.client;
    const secret = authentication === 'secret' ? await makeAuthenticationSecret(tx, deps, id) : null;
    const signingSecret = accessAlg === 'HS256' ? await makeSigningSecret(tx, deps, id, deps.now()) : null;
    await recordEvent(tx, deps, from, 'client.added', { clientId: id });
    const client = await findClient(tx, id);
    if (client === null) throw new Error(`client ${id} was just added and is not there`);
    return { kind: 'registered', client, secret, signingSecret };
  });
}

/** A code or a logout that is sent to our own pages helps nobody, and a page of ours must not become a client's. */
function findOwnAddresses({ origin, appOrigin, apiOrigin }: Config, client: CheckedClient): string[] {
  const own = new Set([origin, appOrigin, apiOrigin]);
  const addresses = [...client.redirectUris, ...client.postLogoutUris, ...client.origins, ...[client.backchannelLogoutUri ?? []].flat()];
  return addresses.filter((address) => own.has(new URL(address).origin)).map((address) => `${JSON.stringify(address)} is Portico's own`);
}

async function findClashes(tx: Db, id: string, client: CheckedClient): Promise<string[]> {
  const problems: string[] = [];
  if ((await findClient(tx, id)) !== null) problems.push(`there is a client ${JSON.stringify(id)} already`);
  // RFC 9700 4.15: what a machine's token names as its subject must never be a person.
  if ((await findUser(tx, id)) !== null) problems.push('the id is that of a user');
  for (const origin of client.origins) {
    const other = await findClientWithOrigin(tx, origin);
    if (other !== null) problems.push(`the origin ${JSON.stringify(origin)} belongs to the client ${JSON.stringify(other)}`);
  }
  for (const audience of client.audiences) {
    const other = await findClient(tx, audience);
    if (other === null || other.id === FIRST_PARTY_CLIENT)
      problems.push(`there is no client ${JSON.stringify(audience)} whose revocations could be told`);
  }
  return problems;
}

/** Readable, and never the same twice. */
function inventId({ random }: Pick<Deps, 'random'>, name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const slug = (plain.match(/[a-z0-9]+/g) ?? []).join('-').slice(0, 24).replace(/-$/, '');
  return `${slug === '' ? 'site' : slug}-${random(5).toString('hex')}`;
}
