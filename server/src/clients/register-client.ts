import { FIRST_PARTY_CLIENT } from '@portico/protocol/tokens';
import { findUser } from '../accounts/user.ts';
import { recordEvent } from '../audit/event.ts';
import type { Origin } from '../caller.ts';
import type { Config } from '../config.ts';
import type { Deps } from '../deps.ts';
import { sha256 } from '../platform/crypto.ts';
import type { Db } from '../platform/db.ts';
import { type CheckedClient, type ClientWish, checkClient } from './check-client.ts';
import { type Client, findClient, findClientWithOrigin, insertClient, listClientsServedAt, lockRegistrations } from './client.ts';
import { factsOf } from './client-facts.ts';
import { type ClientProblem, wrong } from './client-problem.ts';
import { keepAuthenticationSecret, type MadeSecret, makeSigningSecret, newAuthenticationSecret } from './make-secret.ts';

export interface RegisteredClient {
  readonly kind: 'registered';
  readonly client: Client;
  /** Told once: null where the client proves itself in another way, or not at all. */
  readonly secret: MadeSecret | null;
  /** Told once: of HS256. */
  readonly signingSecret: MadeSecret | null;
}

export interface Beside {
  /** One that the caller has put where the site finds it already, so that no site is registered whose secret could not be kept. */
  readonly secret?: MadeSecret;
  /** Refused when a client is served at this origin already. */
  readonly onlyAt?: string;
  /** Names one wish: sent again, it is refused and makes no second client. */
  readonly attempt?: string;
}

export type Registration = RegisteredClient | { readonly kind: 'refused'; readonly problems: readonly ClientProblem[] };

/**
 * Adds a client site. The only way in: there is no registration over the network (RFC 7591 is not offered).
 */
export async function registerClient(deps: Deps, from: Origin, wish: ClientWish, beside: Beside = {}): Promise<Registration> {
  const checked = checkClient(wish);
  if (checked.kind === 'bad') return { kind: 'refused', problems: checked.problems };
  const id = wish.id ?? inventClientId(beside.attempt === undefined ? deps : attempted(beside.attempt), wish.name);
  return deps.db.transaction(async (tx) => {
    // Two that come at once must not both find an origin free.
    await lockRegistrations(tx, deps);
    if (beside.attempt !== undefined && wish.id === undefined && (await findClient(tx, id)) !== null)
      return { kind: 'refused', problems: [wrong('name', 'site_there', `the client ${JSON.stringify(id)} is there already`, id)] };
    const problems = [...findOwnAddresses(deps.config, checked.client), ...(await findClashes(tx, id, checked.client, beside))];
    if (problems.length > 0) return { kind: 'refused', problems };
    await insertClient(tx, { ...checked.client, id }, deps.now());
    const { authentication, accessAlg } = checked.client;
    const secret =
      authentication === 'secret' ? await keepAuthenticationSecret(tx, deps, id, beside.secret ?? newAuthenticationSecret(deps)) : null;
    const signingSecret = accessAlg === 'HS256' ? await makeSigningSecret(tx, deps, id, deps.now()) : null;
    const client = await findClient(tx, id);
    if (client === null) throw new Error(`client ${id} was just added and is not there`);
    await recordEvent(tx, deps, from, 'client.added', { target: { kind: 'client', id }, after: factsOf(client) });
    return { kind: 'registered', client, secret, signingSecret };
  });
}

/** A code or a logout that is sent to our own pages helps nobody, and a page of ours must not become a client's. */
export function findOwnAddresses({ origin, appOrigin, apiOrigin }: Config, client: CheckedClient): ClientProblem[] {
  const own = new Set([origin, appOrigin, apiOrigin]);
  const lists = {
    redirectUris: client.redirectUris,
    postLogoutUris: client.postLogoutUris,
    origins: client.origins,
    backchannelLogoutUri: [client.backchannelLogoutUri ?? []].flat(),
  };
  return Object.entries(lists).flatMap(([field, addresses]) =>
    addresses
      .filter((address) => own.has(new URL(address).origin))
      .map((address) => wrong(field as keyof typeof lists, 'address_own', `${JSON.stringify(address)} is Portico's own`, address)),
  );
}

async function findClashes(tx: Db, id: string, client: CheckedClient, { onlyAt }: Beside): Promise<ClientProblem[]> {
  const problems: ClientProblem[] = [];
  const [there] = onlyAt === undefined ? [] : await listClientsServedAt(tx, onlyAt);
  if (onlyAt !== undefined && there !== undefined) {
    const sentence = `${JSON.stringify(onlyAt)} is the address of the client ${JSON.stringify(there.id)}`;
    problems.push(wrong('origins', 'origin_taken', sentence, `${onlyAt} (${there.id})`));
  }
  if ((await findClient(tx, id)) !== null) problems.push(wrong('id', 'id_taken', `there is a client ${JSON.stringify(id)} already`, id));
  // RFC 9700 4.15: what a machine's token names as its subject must never be a person.
  if ((await findUser(tx, id)) !== null) problems.push(wrong('id', 'id_taken', 'the id is that of a user', id));
  return [...problems, ...(await findNeighbourProblems(tx, id, client))];
}

/** What other clients have to do with it: an origin belongs to one, and an audience is one. */
export async function findNeighbourProblems(
  tx: Db,
  id: string,
  client: Pick<CheckedClient, 'origins' | 'audiences'>,
): Promise<ClientProblem[]> {
  const problems: ClientProblem[] = [];
  for (const origin of client.origins) {
    const other = await findClientWithOrigin(tx, origin);
    if (other === null || other === id) continue;
    const sentence = `the origin ${JSON.stringify(origin)} belongs to the client ${JSON.stringify(other)}`;
    problems.push(wrong('origins', 'origin_taken', sentence, `${origin} (${other})`));
  }
  for (const audience of client.audiences) {
    const other = await findClient(tx, audience);
    if (other !== null && other.id !== FIRST_PARTY_CLIENT) continue;
    const sentence = `there is no client ${JSON.stringify(audience)} whose revocations could be told`;
    problems.push(wrong('audiences', 'audience_unknown', sentence, audience));
  }
  return problems;
}

/** The same wish has the same id, whichever of two that race comes first. */
function attempted(attempt: string): Pick<Deps, 'random'> {
  return { random: (bytes) => sha256(attempt).subarray(0, bytes) };
}

/** Readable, and never the same twice. */
export function inventClientId({ random }: Pick<Deps, 'random'>, name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const slug = (plain.match(/[a-z0-9]+/g) ?? []).join('-').slice(0, 24).replace(/-$/, '');
  return `${slug === '' ? 'site' : slug}-${random(5).toString('hex')}`;
}
