import { isConfidential } from '@portico/protocol/clients';
import { OAUTH, SYSTEM } from '@portico/protocol/routes';
import type { Connection } from '@portico/ui/admin-views';
import type { Config } from '../config.ts';
import type { Client } from './client.ts';
import { type Framework, secretFileOf, snippetsFor } from './snippets.ts';

/** Which lines fit a site of this kind. The others follow the documents: a library for OpenID Connect, or the files for games. */
const LINES: Readonly<Record<Client['kind'], readonly Framework[]>> = {
  web: ['sveltekit', 'next', 'express', 'fastify', 'hono', 'node'],
  spa: ['vite', 'react', 'svelte'],
  native: [],
  machine: [],
  secondary: [],
};
const WITHOUT_SECRET = 'SECRET';
const ASSERTION = `-d client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer -d client_assertion=JWT`;

/** How a site connects to this server: what its developer copies. `secret`: told this once, or null. */
export function connectionOf({ origin }: Pick<Config, 'origin'>, client: Client, secret: string | null): Connection {
  const { id, kind } = client;
  const baseUrl = homeOf(client);
  const values = { issuer: origin, clientId: id, baseUrl: baseUrl ?? '', clientSecretFile: secretFileOf(id) };
  return {
    issuer: origin,
    discovery: origin + SYSTEM.openIdConfiguration,
    clientId: id,
    kind,
    secretFile: client.authentication === 'secret' && LINES[kind].length > 0 ? secretFileOf(id) : null,
    curl: curlOf(origin, client, secret ?? WITHOUT_SECRET),
    lines: baseUrl === null ? [] : LINES[kind].map((framework) => ({ framework, files: snippetsFor(framework, values) })),
  };
}

/** Where the site's own pages are. */
function homeOf({ origins: [origin], redirectUris: [redirectUri] }: Client): string | null {
  return origin ?? URL.parse(redirectUri ?? '')?.origin ?? null;
}

/** A first call that shows whether id and secret are right. Ids, scopes and secrets hold nothing that a shell would take for more than letters. */
function curlOf(origin: string, { id, kind, authentication, scopes }: Client, secret: string): string {
  const proof = authentication === 'secret' ? `-u '${id}:${secret}'` : ASSERTION;
  if (kind === 'machine') return `curl ${proof} -d grant_type=client_credentials ${origin}${OAUTH.token}`;
  if (isConfidential(kind)) return `curl ${proof} -d token=none ${origin}${OAUTH.introspect}`;
  if (kind === 'native') return `curl -d client_id=${id} -d 'scope=${scopes.join(' ')}' ${origin}${OAUTH.deviceAuthorization}`;
  return `curl ${origin}${SYSTEM.openIdConfiguration}`;
}
