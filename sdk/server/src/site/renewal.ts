import { hash } from 'node:crypto';
import type { Backend } from '../backend.ts';
import type { HeldToken, SiteTokens } from './own-tokens.ts';

/** What became of a refresh token. */
export type Renewed =
  | { readonly kind: 'renewed'; readonly tokens: SiteTokens }
  | { readonly kind: 'refused'; readonly code: 'refresh_invalid' | 'session_ended' | 'retry' }
  | { readonly kind: 'refused'; readonly code: 'session_held'; readonly verifyUrl: string };

/** A token that is worth nothing any more is not asked about again for this long, in milliseconds: its cookie stays in the browser. */
const REMEMBERED = 60_000;
const KEPT = 10_000;

/**
 * The attempt of this token (protocol, section 2). Portico gives the same successor again to the same attempt and takes another one for a
 * second holder; so all parts of a page, all processes of this site and every retry after a lost answer must say the same, with nothing that
 * they share but the cookie. It is therefore made of the token itself. That gives nothing away: at Portico it counts only beside this
 * site's secret, and the ring keeps a hash of it. No key goes in, or a site would end its own sign-ins while its secret is being replaced.
 * What it costs: whoever brings a copied cookie *to this site* counts as one of those retries while owner and thief are within four steps
 * of each other. Further apart they are two holders, and the sign-in at this site ends.
 */
export function attemptOf({ gen, token }: HeldToken): string {
  return `${gen}.${hash('sha256', `portico-site\0attempt\0${token}`, 'base64url').slice(0, 22)}`;
}

/** Renews a sign-in; one call for each token, however many requests ask at once. Throws `PorticoUnavailable`. */
export function createRenewal(backend: Backend, now: () => number): (held: HeldToken) => Promise<Renewed> {
  const asking = new Map<string, Promise<Renewed>>();
  const over = new Map<string, { readonly said: Renewed; readonly at: number }>();

  const ask = async (held: HeldToken): Promise<Renewed> => {
    const said = await backend.call('refresh', { refreshToken: held.token, attempt: attemptOf(held) });
    if (said.kind === 'done') return { kind: 'renewed', tokens: said.body as unknown as SiteTokens };
    if (said.code === 'session_held') return { kind: 'refused', code: 'session_held', verifyUrl: String(said.body['verifyUrl']) };
    if (said.code === 'refresh_busy') return { kind: 'refused', code: 'retry' };
    const refused: Renewed = { kind: 'refused', code: said.code === 'session_ended' ? 'session_ended' : 'refresh_invalid' };
    if (over.size >= KEPT) over.delete(over.keys().next().value ?? '');
    over.set(held.token, { said: refused, at: now() });
    return refused;
  };

  return async (held) => {
    const known = over.get(held.token);
    if (known !== undefined && Math.abs(now() - known.at) < REMEMBERED) return known.said;
    over.delete(held.token);
    // The generation is part of the question: a wrong one must not become the answer of those who have the right one.
    const question = attemptOf(held);
    const asked = asking.get(question) ?? ask(held).finally(() => asking.delete(question));
    asking.set(question, asked);
    return asked;
  };
}
