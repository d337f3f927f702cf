import { Refusal } from '@portico/protocol/errors';
import type { Client } from '../clients/client.ts';
import type { Deps } from '../deps.ts';
import { type IdTokenHint, readIdTokenHint } from './id-token-hint.ts';
import type { Parameters } from './parameters.ts';
import { requireSite } from './stored-request.ts';

/** A request to log out, once it is known to be what it says. */
export interface AskedLogout {
  /** The ID token that the site shows. */
  readonly hint: IdTokenHint | null;
  /** The site that asks; null = it does not say. */
  readonly client: Client | null;
  /** Where the browser goes afterwards: an address that the site has registered. */
  readonly back: string | null;
}

const STATE_MAX = 2048;

/**
 * Who asks to log somebody out, and where the browser goes afterwards. Throws `logout_refused` for a hint that is none of ours or names
 * another site, `site_unknown`, and `redirect_refused`: compared exactly, and never without knowing whose address it should be.
 */
export async function readLogout(deps: Pick<Deps, 'db' | 'keys' | 'config' | 'now'>, sent: Parameters): Promise<AskedLogout> {
  const { id_token_hint: token, client_id: clientId, post_logout_redirect_uri: uri, state } = sent;
  const hint = token === undefined ? null : await readIdTokenHint(deps, token);
  if (token !== undefined && hint === null) throw new Refusal('logout_refused');
  if (hint !== null && clientId !== undefined && clientId !== hint.clientId) throw new Refusal('logout_refused');
  const named = clientId ?? hint?.clientId;
  const client = named === undefined ? null : await requireSite(deps, named);
  if (uri === undefined) return { hint, client, back: null };
  if (client === null || !client.postLogoutUris.includes(uri)) throw new Refusal('redirect_refused');
  const echoed = state === undefined || state.length > STATE_MAX ? '' : new URLSearchParams({ state }).toString();
  const joint = uri.includes('?') ? '&' : '?';
  return { hint, client, back: echoed === '' ? uri : uri + joint + echoed };
}
