import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { createVerifier, PorticoError, type Verifier } from '@portico/server';
import { freePort } from '../../portico-process.ts';
import type { AuthServer, ClientWish, RegisteredClient } from '../servers/auth-server.ts';
import type { Begun, Connected, Tokens } from './library.ts';
import { openidClient } from './openid-client.ts';
import { startProgram } from './program.ts';

/** Files behind nginx, whose `auth_request` asks a small process with the verifier; the same process signs its visitors in. */
export interface GuardedSite {
  readonly origin: string;
  readonly verifier: Verifier;
  close(): Promise<void>;
}

const ACCESS_COOKIE = 'site_access';
const VISIT_COOKIE = 'site_visit';

export function guardedWish(port: number): ClientWish {
  const origin = `http://localhost:${port}`;
  return { id: 'site-nginx', kind: 'web', redirectUris: [`${origin}/callback`], postLogoutUris: [`${origin}/signed-out`] };
}

export async function startGuardedSite(path: string, port: number, server: AuthServer, client: RegisteredClient): Promise<GuardedSite> {
  const origin = `http://localhost:${port}`;
  const verifier = createVerifier({
    issuer: server.issuer,
    audience: client.id,
    clientSecret: client.secret,
    revocation: 'revalidate',
  });
  const site = await openidClient.connect(server, client);
  const guard = await startGuard(origin, site, verifier);
  const nginx = await startProgram(path, port, (folder) => {
    // As root nginx hands the work to processes of another user.
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, 'site', 'protected'), { recursive: true });
    writeFileSync(join(folder, 'site', 'protected', 'index.html'), 'inside');
    writeFileSync(join(folder, 'nginx.conf'), configuration(folder, port, guard.port));
    return ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'log')];
  });
  return {
    origin,
    verifier,
    close: async () => {
      verifier.close();
      await nginx.close();
      await guard.close();
    },
  };
}

interface Visit {
  begun: Begun | null;
  tokens: Tokens | null;
}

async function startGuard(origin: string, site: Connected, verifier: Verifier): Promise<{ port: number; close(): Promise<void> }> {
  const visits = new Map<string, Visit>();
  const signIn = (tokens: Tokens, visit: Visit, response: ServerResponse) => {
    visit.tokens = tokens;
    response.appendHeader('set-cookie', `${ACCESS_COOKIE}=${tokens.accessToken}; Path=/; HttpOnly; SameSite=Lax`);
    redirect(response, `${origin}/protected/`);
  };
  const routes: Readonly<Record<string, (visit: Visit, url: URL, request: IncomingMessage, response: ServerResponse) => Promise<void>>> = {
    '/verify': async (_visit, _url, request, response) => {
      const user = await verifier.verify(cookieOf(request, ACCESS_COOKIE) ?? '');
      response.setHeader('x-user', user.id);
      response.writeHead(204).end();
    },
    '/login': async (visit, _url, _request, response) => {
      visit.begun = await site.begin();
      redirect(response, visit.begun.address);
    },
    '/callback': async (visit, url, _request, response) => {
      if (visit.begun === null) throw new Error('nobody began');
      signIn(await site.finish(visit.begun, url), visit, response);
    },
    '/refresh': async (visit, _url, _request, response) => {
      if (visit.tokens === null) throw new Error('nobody is signed in');
      signIn(await site.refresh(visit.tokens), visit, response);
    },
    '/logout': async (visit, _url, _request, response) => {
      if (visit.tokens === null) throw new Error('nobody is signed in');
      redirect(response, await site.signOutAddress(visit.tokens, 'bye'));
    },
    '/signed-out': async (_visit, _url, _request, response) => {
      response.writeHead(200).end('signed out');
    },
  };
  const http = createServer((request, response) => {
    const url = new URL(request.url ?? '/', origin);
    const id = cookieOf(request, VISIT_COOKIE) ?? crypto.randomUUID();
    const visit = visits.get(id) ?? { begun: null, tokens: null };
    visits.set(id, visit);
    response.appendHeader('set-cookie', `${VISIT_COOKIE}=${id}; Path=/; HttpOnly; SameSite=Lax`);
    const run = routes[url.pathname] ?? (async () => void response.writeHead(404).end());
    run(visit, url, request, response).catch((error: unknown) => {
      response.writeHead(error instanceof PorticoError ? error.status : 500).end(String(error));
    });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve));
  return {
    port,
    close: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

function redirect(response: ServerResponse, address: string): void {
  response.writeHead(303, { location: address }).end();
}

function cookieOf(request: IncomingMessage, name: string): string | undefined {
  return new RegExp(`(?:^|; )${name}=([^;]*)`).exec(request.headers.cookie ?? '')?.[1];
}

function configuration(folder: string, port: number, guard: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
daemon off;
pid ${folder}/pid;
${process.getuid?.() === 0 ? 'user nobody nogroup;' : ''}
worker_processes 1;
events {}
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  types { text/html html; }
  server {
    listen 127.0.0.1:${port};
    location /protected/ {
      auth_request /verify;
      auth_request_set $user $upstream_http_x_user;
      add_header X-User $user;
      root ${folder}/site;
      error_page 401 = @login;
    }
    location @login {
      return 303 http://localhost:${port}/login;
    }
    location = /verify {
      internal;
      proxy_pass http://127.0.0.1:${guard};
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
    }
    location / {
      proxy_pass http://127.0.0.1:${guard};
    }
  }
}
`;
}
