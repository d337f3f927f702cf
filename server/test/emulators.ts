import { createServer } from 'node:http';
import { AUTH_PREFIX, fillPath, PAGES } from '@portico/protocol/routes';
import { createEmulator } from 'emulate';
import { Events, type MutableResponse, type MutableToken, OAuth2Server } from 'oauth2-mock-server';
import Provider from 'oidc-provider';
import { freePort } from './portico-process.ts';

/** Providers that none of us wrote, over real HTTP: they agree with the standards and their documentation, not with our mistakes. */

/** Somebody at Discord or GitLab; tests change it. */
export interface Somebody {
  subject: string;
  email: string | null;
  verified: boolean;
}

export interface Emulators {
  /** What a server must be told to use them. */
  readonly settings: Readonly<Record<string, string>>;
  readonly github: string;
  readonly google: string;
  readonly discord: OAuth2Server;
  readonly gitlab: OAuth2Server;
  readonly somebody: Somebody;
  close(): Promise<void>;
}

/** Where a provider may send browsers back to. */
export function redirectUris(name: string, { app, api }: { app: string; api: string }): string[] {
  return [app + fillPath(PAGES.authCallback, { authProvider: name }), `${api}${AUTH_PREFIX}/${name}/callback`];
}

export const EMAILS = { github: 'octo@example.com', google: 'ada@example.org' } as const;

export async function startEmulators(origins: { app: string; api: string }): Promise<Emulators> {
  const client = (name: string) => ({ client_id: `${name}-client`, client_secret: `${name}-secret`, name: 'Portico' });
  const [githubPort, googlePort] = [await freePort(), await freePort()];
  const github = await createEmulator({
    service: 'github',
    port: githubPort,
    baseUrl: `http://localhost:${githubPort}`,
    seed: {
      github: {
        users: [{ login: 'octo', name: 'Octo Cat', email: EMAILS.github }],
        oauth_apps: [{ ...client('github'), redirect_uris: redirectUris('github', origins) }],
      },
    },
  });
  const google = await createEmulator({
    service: 'google',
    port: googlePort,
    baseUrl: `http://localhost:${googlePort}`,
    seed: {
      google: {
        users: [{ email: EMAILS.google, name: 'Ada Lovelace', email_verified: true }],
        oauth_clients: [{ ...client('google'), redirect_uris: redirectUris('google', origins) }],
      },
    },
  });
  const somebody: Somebody = { subject: '4242', email: 'somebody@example.net', verified: true };
  const discord = await startDiscord(somebody);
  const gitlab = await startGitLab(somebody);
  const urls: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    GITHUB: { URL: `http://localhost:${githubPort}`, API_URL: `http://localhost:${githubPort}` },
    GOOGLE: { ISSUER: `http://localhost:${googlePort}` },
    DISCORD: { URL: discord.issuer.url ?? '', API_URL: `${discord.issuer.url}/api/v10` },
    GITLAB: { URL: gitlab.issuer.url ?? '' },
  };
  const settings = Object.entries(urls).flatMap(([name, addresses]) => [
    [`PORTICO_${name}_CLIENT_ID`, `${name.toLowerCase()}-client`],
    [`PORTICO_${name}_CLIENT_SECRET`, `${name.toLowerCase()}-secret`],
    ...Object.entries(addresses).map(([suffix, url]) => [`PORTICO_${name}_${suffix}`, url]),
  ]);
  return {
    settings: Object.fromEntries(settings) as Record<string, string>,
    github: github.url,
    google: google.url,
    discord,
    gitlab,
    somebody,
    close: async () => {
      await Promise.allSettled([github.close(), google.close(), discord.stop(), gitlab.stop()]);
    },
  };
}

/** Discord's paths and its own API; no ID token, as it is asked for none. */
async function startDiscord(somebody: Somebody): Promise<OAuth2Server> {
  const endpoints = { authorize: '/oauth2/authorize', token: '/api/v10/oauth2/token', revoke: '/api/v10/oauth2/token/revoke' };
  const server = new OAuth2Server(undefined, undefined, { endpoints });
  await server.issuer.keys.generate('RS256');
  server.service.on(Events.BeforeResponse, (response: MutableResponse) => {
    if (typeof response.body === 'object') delete response.body['id_token'];
  });
  server.service.addRoute('GET', '/api/v10/users/@me', (_, response) => {
    const { subject, email, verified } = somebody;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ id: subject, username: 'somebody', global_name: 'Some Body', email, verified }));
  });
  await server.start(0, 'localhost');
  return server;
}

/** GitLab's paths; as older GitLab does it, the ID token names nobody, and userinfo does. */
async function startGitLab(somebody: Somebody): Promise<OAuth2Server> {
  const endpoints = {
    authorize: '/oauth/authorize',
    token: '/oauth/token',
    userinfo: '/oauth/userinfo',
    jwks: '/oauth/discovery/keys',
    revoke: '/oauth/revoke',
  };
  const server = new OAuth2Server(undefined, undefined, { endpoints });
  await server.issuer.keys.generate('RS256');
  server.service.on(Events.BeforeTokenSigning, (token: MutableToken) => {
    token.payload['sub'] = somebody.subject;
  });
  server.service.on(Events.BeforeUserinfo, (response: MutableResponse) => {
    const { subject, email, verified } = somebody;
    response.body = {
      sub: subject,
      name: 'Some Body',
      nickname: 'somebody',
      ...(email === null ? {} : { email, email_verified: verified }),
    };
  });
  await server.start(0, 'localhost');
  return server;
}

/** A certified OpenID provider that Portico knows nothing of. Whoever types an address there has it. */
export async function startOpenIdProvider(name: string, origins: { app: string; api: string }): Promise<{ issuer: string; close(): void }> {
  const port = await freePort();
  const issuer = `http://localhost:${port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: `${name}-client`, client_secret: `${name}-secret`, redirect_uris: redirectUris(name, origins) }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    findAccount: (_: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true, name: 'House Guest' }),
    }),
    cookies: { keys: ['only for this test'] },
    pkce: { required: () => true },
  });
  const answer = provider.callback();
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    issuer,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
