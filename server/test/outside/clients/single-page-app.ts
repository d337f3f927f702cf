import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AuthServer, ClientWish, RegisteredClient } from '../servers/auth-server.ts';

/** The build for a script tag; the package names only its modules. */
const SCRIPT = readFileSync(new URL('../browser/oidc-client-ts.min.js', import.meta.resolve('oidc-client-ts')), 'utf8');

/** A single-page app on oidc-client-ts: no backend, no secret, everything in the browser. */
export interface SinglePageApp {
  readonly origin: string;
  close(): Promise<void>;
}

export function singlePageWish(port: number): ClientWish {
  const origin = `http://localhost:${port}`;
  return { id: 'site-spa', kind: 'spa', origin, redirectUris: [`${origin}/`], postLogoutUris: [`${origin}/?signed-out`] };
}

export async function startSinglePageApp(port: number, server: AuthServer, client: RegisteredClient): Promise<SinglePageApp> {
  const origin = `http://localhost:${port}`;
  const settings = {
    authority: server.issuer,
    client_id: client.id,
    redirect_uri: `${origin}/`,
    post_logout_redirect_uri: `${origin}/?signed-out`,
    scope: server.scope,
    automaticSilentRenew: false,
    loadUserInfo: true,
  };
  const page = pageOf(settings);
  const http = createServer((request, response) => {
    if (request.url === '/oidc-client-ts.js') response.setHeader('content-type', 'text/javascript').end(SCRIPT);
    else response.setHeader('content-type', 'text/html; charset=utf-8').end(page);
  });
  await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve));
  return {
    origin,
    close: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

/** Shows who is signed in, and the newest access token, so that a test can see that it changed. */
function pageOf(settings: object): string {
  return `<!doctype html><title>Site</title>
<p id="who"></p><p id="token"></p><p id="trouble"></p>
<button id="sign-in">Sign in</button><button id="refresh">Refresh</button><button id="sign-out">Sign out</button>
<script src="/oidc-client-ts.js"></script>
<script>
const manager = new oidc.UserManager(${JSON.stringify(settings)});
const at = (id) => document.getElementById(id);
const show = (user) => {
  at('who').textContent = user ? user.profile.email : 'nobody';
  at('token').textContent = user ? user.access_token : '';
};
const tell = (error) => { at('trouble').textContent = String(error); };
at('sign-in').onclick = () => manager.signinRedirect().catch(tell);
at('refresh').onclick = () => manager.signinSilent().then(show, tell);
at('sign-out').onclick = () => manager.signoutRedirect().catch(tell);
const start = async () => {
  const back = new URLSearchParams(location.search);
  if (!back.has('code') && !back.has('error')) return manager.getUser();
  const user = await manager.signinCallback();
  history.replaceState(null, '', '/');
  return user;
};
start().then(show, tell);
</script>`;
}
