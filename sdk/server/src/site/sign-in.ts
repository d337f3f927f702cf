import type { Backend } from '../backend.ts';
import { createRedemption, landing, readCallback } from '../callback.ts';
import { SiteRefusal } from '../refusals.ts';
import { reply } from '../replies.ts';
import { safeReturnTo } from '../return-to.ts';
import type { Transactions } from '../transactions.ts';
import type { SiteTokens } from './own-tokens.ts';
import { type VisitParts, withTokens } from './visit.ts';

export interface SignInParts extends VisitParts {
  readonly backend: Backend;
  readonly issuer: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scope: string;
  readonly transactions: Transactions;
}

/** What a page of this site may ask Portico for: OpenID Connect's words, and only in their own forms. */
const HANDED_ON: readonly (readonly [string, RegExp])[] = [
  ['prompt', /^(none|login|consent|select_account)$/],
  ['max_age', /^\d{1,9}$/],
  ['login_hint', /^[\u0021-\u007e]{1,254}$/],
];

/** `GET /login`: to Portico, with everything that the way back is checked by left in this browser's own cookie. */
export async function beginSignIn(parts: SignInParts, request: Request): Promise<Response> {
  const { searchParams } = new URL(request.url);
  const to = new URL(await parts.backend.authorizeUrl());
  const { begun, challenge, cookies } = parts.transactions.begin(request.headers, safeReturnTo(searchParams.get('returnTo'), parts.origin));
  const asked: Readonly<Record<string, string>> = {
    response_type: 'code',
    client_id: parts.clientId,
    redirect_uri: parts.redirectUri,
    scope: parts.scope,
    state: begun.state,
    code_challenge: challenge,
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(asked)) to.searchParams.set(name, value);
  for (const [name, form] of HANDED_ON) {
    const value = searchParams.get(name);
    if (value !== null && form.test(value)) to.searchParams.set(name, value);
  }
  return reply(302, { location: to.href, cookies });
}

/** `GET /callback`: the code becomes tokens, and these the site's own cookies. Throws what the page then says. */
export function createSignInEnd(parts: SignInParts): (request: Request) => Promise<Response> {
  const redeem = createRedemption<SiteTokens>(parts.backend, parts.redirectUri, parts.now);
  return async (request) => {
    const back = readCallback(request, parts.transactions, parts.issuer);
    const over = parts.transactions.end(back.transaction.state);
    const location = landing(parts.origin, back);
    if (back.kind === 'error') return reply(302, { location, cookies: [over] });
    const tokens = await redeem(back.code, back.transaction);
    if (tokens === null) throw new SiteRefusal('grant_refused');
    const visit = await withTokens(parts, tokens);
    // Settings that do not fit, such as HS256 without its secret: better here than a sign-in that never holds.
    visit.somebody();
    return reply(302, { location, cookies: [...visit.cookies, over] });
  };
}
