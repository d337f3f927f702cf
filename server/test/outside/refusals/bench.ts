import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import type { Person, Seen } from '../person.ts';
import type { AuthServer, RegisteredClient } from '../servers/auth-server.ts';
import { newSigner, type Signer } from './signer.ts';

/** One server with its clients registered and somebody signed in: what each case spoils one thing of. */
export interface Bench {
  readonly server: AuthServer;
  readonly at: Endpoints;
  readonly sites: Sites;
  readonly signer: Signer;
  /** Signed in. No case ends this sign-in. */
  readonly ada: Person;
  /** Somebody signed in whose sign-in the case may end. */
  someone(): Promise<Person>;
}

export interface Sites {
  readonly web: RegisteredClient;
  readonly other: RegisteredClient;
  /** Sends its secret in the body. */
  readonly post: RegisteredClient;
  /** May ask for `openid` and `email` and nothing more, and be answered where `web` is. */
  readonly narrow: RegisteredClient;
  readonly spa: RegisteredClient;
  /** Of a device, too. */
  readonly native: RegisteredClient;
  readonly machine: RegisteredClient;
  /** Signs its assertions. */
  readonly signer: RegisteredClient;
}

export interface Endpoints {
  readonly issuer: string;
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly userinfo_endpoint: string;
  readonly revocation_endpoint: string;
  readonly introspection_endpoint: string;
  readonly pushed_authorization_request_endpoint: string;
  readonly device_authorization_endpoint: string;
  readonly end_session_endpoint: string;
}

/** What a case changes of a good request: another value, none (null), or several of one name. */
export type Change = Readonly<Record<string, string | null | readonly string[]>>;

export interface Code {
  readonly code: string;
  readonly verifier: string;
  readonly redirectUri: string;
}

export async function newBench(server: AuthServer): Promise<Bench> {
  const discovery = await fetch(`${server.issuer}/.well-known/openid-configuration`);
  const at = (await discovery.json()) as Endpoints;
  const signer = await newSigner();
  const web = (id: string) =>
    server.add({
      id,
      kind: 'web',
      isTrusted: true,
      redirectUris: [`http://localhost:9/${id}/callback`, ...(id === 'narrow' ? ['http://localhost:9/web/callback'] : [])],
      postLogoutUris: [`http://localhost:9/${id}/signed-out`],
      sendsSecret: id === 'post' ? 'post' : 'basic',
      ...(id === 'narrow' ? { scopes: ['openid', 'email'] } : {}),
      ...(id === 'signer' ? { jwks: signer.jwks } : {}),
    });
  const [ofWeb, other, narrow, ofPost, ofSigner, spa, native, machine] = await Promise.all([
    web('web'),
    web('other'),
    web('narrow'),
    web('post'),
    web('signer'),
    server.add({ id: 'spa', kind: 'spa', redirectUris: ['http://localhost:9/spa/callback'], origin: 'http://localhost:9' }),
    server.add({ id: 'native', kind: 'native', redirectUris: ['http://127.0.0.1:9/callback'] }),
    server.add({ id: 'machine', kind: 'machine' }),
  ]);
  const sites: Sites = { web: ofWeb, other, narrow, post: ofPost, signer: ofSigner, spa, native, machine };
  const someone = async () => {
    const person = server.person();
    const seen = await person.open(addressOf(at.authorization_endpoint, authorizeRequest(sites.web).parameters), leaves(server));
    assert.ok(!isAt(server, seen.url), `signed in, not at ${seen.url.href} (${seen.status})`);
    return person;
  };
  return { server, at, sites, signer, ada: await someone(), someone };
}

const isAt = ({ issuer }: AuthServer, url: URL) => url.origin === issuer;
/** Wherever it leads: nothing outside of the server is opened. */
const leaves = (server: AuthServer) => ({ stopAt: (url: URL) => !isAt(server, url) });

export function redirectUriOf({ wish }: RegisteredClient): string {
  return wish.redirectUris?.[0] ?? '';
}

/** A good request for a code. */
export function authorizeRequest(site: RegisteredClient) {
  const verifier = randomBytes(32).toString('base64url');
  const parameters: Readonly<Record<string, string>> = {
    client_id: site.id,
    response_type: 'code',
    redirect_uri: redirectUriOf(site),
    scope: 'openid profile email',
    state: randomBytes(8).toString('hex'),
    nonce: randomBytes(8).toString('hex'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  };
  return { verifier, parameters };
}

export function changed(parameters: Readonly<Record<string, string>>, change: Change): URLSearchParams {
  const sent = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...parameters, ...change })) {
    if (value === null) continue;
    for (const one of typeof value === 'string' ? [value] : value) sent.append(name, one);
  }
  return sent;
}

export function addressOf(endpoint: string, parameters: Readonly<Record<string, string>>, change: Change = {}): string {
  return `${endpoint}?${changed(parameters, change)}`;
}

/** Sends a browser to authorize and says where it ended: `back WORD` at the registered address, `page STATUS`, `sign-in`, or `AWAY …`. */
export async function authorize(bench: Bench, change: Change = {}, by: Person = bench.ada, site = bench.sites.web): Promise<string> {
  const address = addressOf(bench.at.authorization_endpoint, authorizeRequest(site).parameters, change);
  return placeOf(bench, await by.open(address, { ...leaves(bench.server), signsIn: false, saysYes: false }), site);
}

export function placeOf({ server }: Bench, seen: Seen, site: RegisteredClient): string {
  const { url, status, text } = seen;
  const back = [redirectUriOf(site), ...(site.wish.postLogoutUris ?? [])].some((uri) => url.href.split(/[?#]/, 1)[0] === uri);
  if (back) {
    const answer = new URLSearchParams(url.search || url.hash.slice(1));
    return `back ${answer.get('error') ?? (answer.has('code') ? 'code' : 'plain')}`;
  }
  if (!isAt(server, url)) return `AWAY ${url.href}`;
  if (status === 200 && text.includes('name="password"')) return 'sign-in';
  return `page ${status}`;
}

/** A code, by way of the browser. */
export async function newCode(
  bench: Bench,
  { site = bench.sites.web, by = bench.ada, change = {} }: { site?: RegisteredClient; by?: Person; change?: Change } = {},
): Promise<Code> {
  const { verifier, parameters } = authorizeRequest(site);
  const seen = await by.open(addressOf(bench.at.authorization_endpoint, parameters, change), leaves(bench.server));
  const code = seen.url.searchParams.get('code');
  assert.ok(code !== null, `no code at ${seen.url.href} (${seen.status})`);
  return { code, verifier, redirectUri: redirectUriOf(site) };
}

/** Signed out everywhere, by whatever is asked on the way; and not in again. */
export async function signOut({ server }: Bench, by: Person): Promise<void> {
  await by.open(server.signOutAddress, { signsIn: false });
}
