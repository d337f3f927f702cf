import { SITE_PATHS, SITE_PREFIX } from '@portico/protocol/routes';
import type { ClientWish } from '../../clients/check-client.ts';
import type { App } from './detect-app.ts';

/** The registration of an app that is served at `origin`, with the addresses at which the SDKs answer. */
export function planClient({ kind, name }: App, origin: string, id: string): ClientWish & { readonly id: string } {
  const home = `${origin}/`;
  if (kind === 'spa') return { id, name, kind, origins: [origin], redirectUris: [home], postLogoutUris: [home] };
  return {
    id,
    name,
    kind,
    redirectUris: [origin + SITE_PREFIX + SITE_PATHS.callback],
    postLogoutUris: [home],
    backchannelLogoutUri: reachable(origin) + SITE_PREFIX + SITE_PATHS.backchannelLogout,
  };
}

/** Browsers alone know that `*.localhost` is this machine; Portico itself calls the back-channel address. */
function reachable(origin: string): string {
  const url = new URL(origin);
  if (!url.hostname.endsWith('.localhost')) return origin;
  url.hostname = '127.0.0.1';
  return url.origin;
}
