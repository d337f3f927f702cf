import type { Backend } from './backend.ts';
import { SiteRefusal } from './refusals.ts';
import { safeReturnTo } from './return-to.ts';
import type { Transaction, Transactions } from './transactions.ts';

/** What the browser brought back from Portico, and what became of it. */
export type CameBack =
  | { readonly kind: 'code'; readonly code: string; readonly transaction: Transaction }
  /** Portico did not sign anybody in, and says why: `access_denied`, `login_required`. */
  | { readonly kind: 'error'; readonly error: string; readonly transaction: Transaction };

/** Reads the answer of an authorization. Throws SiteRefusal: then nothing is redeemed. */
export function readCallback(request: Request, transactions: Transactions, issuer: string): CameBack {
  const { searchParams } = new URL(request.url);
  const one = (name: string) => {
    const [value = '', ...more] = searchParams.getAll(name);
    // Two of them would be read differently by somebody in between.
    if (more.length > 0) throw new SiteRefusal('invalid_fields');
    return value;
  };
  // Login CSRF: without this browser's own cookie a stranger began this, and it would put the stranger's account into this browser.
  const transaction = transactions.find(request.headers, one('state'));
  if (transaction === null) throw new SiteRefusal('request_expired');
  // RFC 9207, mix-up: the code of another server must not be shown to this one, nor the other way round.
  if (one('iss') !== issuer) throw new SiteRefusal('grant_refused');
  const [code, error] = [one('code'), one('error')];
  if ((code === '') === (error === '')) throw new SiteRefusal('invalid_fields');
  return code === '' ? { kind: 'error', error, transaction } : { kind: 'code', code, transaction };
}

/** Milliseconds. */
const REMEMBERED = 60_000;

/**
 * Redeems a code; once, although browsers send a request twice: a code that comes to Portico a second time ends what it opened. Null: refused.
 * Throws `PorticoUnavailable`.
 */
export function createRedemption<Tokens>(
  backend: Backend,
  redirectUri: string,
  now: () => number,
): (code: string, transaction: Transaction) => Promise<Tokens | null> {
  const known = new Map<string, { readonly at: number; readonly redeemed: Promise<Tokens | null> }>();
  const redeem = async (code: string, codeVerifier: string) => {
    const said = await backend.call('token', { code, codeVerifier, redirectUri });
    return said.kind === 'done' ? (said.body as Tokens) : null;
  };
  return (code, { verifier }) => {
    for (const [old, { at }] of known) {
      if (Math.abs(now() - at) < REMEMBERED) break;
      known.delete(old);
    }
    // With the verifier: only the browser that began it is told again.
    const name = `${code} ${verifier}`;
    const redeemed = known.get(name)?.redeemed ?? redeem(code, verifier);
    if (!known.has(name)) known.set(name, { at: now(), redeemed });
    redeemed.catch(() => known.delete(name));
    return redeemed;
  };
}

/** The path that the sign-in leads to, with the reason where there was none. */
export function landing(origin: string, { transaction: { returnTo }, ...back }: CameBack): string {
  // What lies in a cookie has been in other hands.
  const path = safeReturnTo(returnTo, origin);
  if (back.kind === 'code') return path;
  const url = new URL(path, origin);
  url.searchParams.set('signin_error', /^[a-z_]{1,40}$/.test(back.error) ? back.error : 'refused');
  return url.pathname + url.search + url.hash;
}
