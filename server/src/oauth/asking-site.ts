import { OAuthRefusal, Refusal } from '@portico/protocol/errors';
import { OAUTH } from '@portico/protocol/routes';
import type { Deps } from '../deps.ts';
import type { AuthorizationRequest } from './authorization-request.ts';
import { type AuthorizeRequest, type OpenedRequest, openRequest, readAuthorizeRequest } from './authorize-request.ts';

/** The path of a request that waits, as our own pages carry it. */
export function isRequestPath(returnTo: string): boolean {
  return returnTo.startsWith(`${OAUTH.authorize}?`);
}

/** The request that a page leads back to. Throws as `openRequest` does. Null: the page leads elsewhere. */
export async function openAsking(deps: Pick<Deps, 'db' | 'now'>, returnTo: string): Promise<OpenedRequest | null> {
  if (!isRequestPath(returnTo)) return null;
  return openRequest(deps, Object.fromEntries(new URLSearchParams(returnTo.slice(returnTo.indexOf('?')))));
}

/** A request that waits for somebody to be asked. Throws `request_expired` where there is nothing to ask about. */
export async function requireAsking(
  deps: Pick<Deps, 'db' | 'now'>,
  returnTo: string,
): Promise<AuthorizeRequest & { readonly stored: AuthorizationRequest }> {
  const opened = await openAsking(deps, returnTo);
  if (opened?.stored == null) throw new Refusal('request_expired');
  try {
    return { ...readAuthorizeRequest(opened), stored: opened.stored };
  } catch (cause) {
    if (cause instanceof OAuthRefusal) throw new Refusal('request_expired', { cause });
    throw cause;
  }
}

/** A site as our pages show it. */
export interface ShownSite {
  readonly name: string;
  readonly initial: string;
  /** Where the answer goes; null = to a program on the person's own machine. */
  readonly host: string | null;
  readonly logo: string | null;
}

export function shownSite(
  { config }: Pick<Deps, 'config'>,
  { client, redirectUri }: Pick<OpenedRequest, 'client' | 'redirectUri'>,
): ShownSite {
  const { name, logoUri } = client;
  const url = URL.parse(redirectUri);
  const onTheWeb = url !== null && (url.protocol === 'https:' || url.protocol === 'http:') && client.kind !== 'native';
  return {
    name,
    initial: [...name][0] ?? '',
    host: onTheWeb ? url.host : null,
    // A picture from elsewhere would tell that elsewhere who is asked, and when.
    logo: logoUri?.startsWith(`${config.appOrigin}/`) === true ? logoUri : null,
  };
}
