import { type ErrorCode, HTTP_CODES } from '@portico/protocol/errors';
import { fillPath, PAGES } from '@portico/protocol/routes';
import type { ProviderAnswer } from '../auth/auth-providers/at-provider.ts';
import { requireOffered } from '../auth/auth-providers/oauth.ts';
import type { SignInAnswer } from '../auth/sign-in/index.ts';
import type { Deps } from '../deps.ts';
import type { Answer } from '../sessions/answer.ts';
import { asRefusal } from './errors.ts';

/** What a provider sent the browser back with. */
export type ProviderReturn =
  | { readonly kind: 'answer'; readonly answer: ProviderAnswer }
  | { readonly kind: 'declined' }
  | { readonly kind: 'refused'; readonly reason: ErrorCode };

/** The state in what came back, whatever else did: errors bring it too (RFC 6749 4.1.2.1). */
export function stateIn(query: unknown): string | null {
  const { state } = query as Readonly<Record<string, unknown>>;
  return typeof state === 'string' && state.length <= 4096 ? state : null;
}

/**
 * Providers add parameters of their own, which say nothing to us. One that counts and comes twice, is none: two readers could take
 * a different one of them.
 */
export function readReturn(query: unknown): ProviderReturn {
  const parameters = query as Readonly<Record<string, unknown>>;
  const text = (name: string) => {
    const value = parameters[name];
    return typeof value === 'string' && /^[^\u0000-\u001f\u007f]{1,4096}$/.test(value) ? value : undefined;
  };
  const [code, state, iss, error] = [text('code'), text('state'), text('iss'), text('error')];
  if (error === 'access_denied') return { kind: 'declined' };
  // RFC 6749 4.1.2.1: these two say that the provider itself is in trouble.
  if (error === 'server_error' || error === 'temporarily_unavailable') return { kind: 'refused', reason: 'provider_failed' };
  if (parameters['error'] !== undefined) return { kind: 'refused', reason: 'provider_refused' };
  if (code === undefined || state === undefined || Array.isArray(parameters['iss'])) return { kind: 'refused', reason: 'bad_state' };
  return { kind: 'answer', answer: { tokenExchangeCode: code, csrfState: state, ...(iss === undefined ? {} : { iss }) } };
}

/** GET :authProvider/callback: into the app, or to the page that says what to do. Its address carries known words only. */
export async function backInTheApp(
  deps: Deps,
  authProvider: string,
  query: unknown,
  signIn: (answer: ProviderAnswer) => Promise<SignInAnswer>,
): Promise<Answer> {
  const page = (name: string, word: string) =>
    `${deps.config.appOrigin}${fillPath(PAGES.authCallback, { authProvider })}?${name}=${encodeURIComponent(word)}`;
  requireOffered(deps, authProvider);
  const returned = readReturn(query);
  if (returned.kind === 'declined') return { redirectTo: page('error', 'access_denied') };
  if (returned.kind === 'refused') return { redirectTo: page('reason', returned.reason) };
  try {
    const { cookies = [], next } = await signIn(returned.answer);
    return { cookies, redirectTo: next };
  } catch (error) {
    const refusal = asRefusal(error);
    if (refusal.status === HTTP_CODES.notFound || refusal.code === 'internal') throw error;
    return { redirectTo: page('reason', refusal.code) };
  }
}
