import type { Backend } from '../backend.ts';
import { PorticoError } from '../errors.ts';
import type { Needs } from '../needs.ts';
import { mayUseCookies } from '../own-page.ts';
import { SiteRefusal } from '../refusals.ts';
import type { VerifiedUser } from '../user.ts';
import type { Verifier } from '../verifier.ts';
import type { EndedHere } from './ended-here.ts';
import { type HeldToken, type KeptProfile, type OwnTokens, type Profile, profileOf, type SiteTokens } from './own-tokens.ts';
import type { Renewed } from './renewal.ts';

/** Who is signed in at this site, with what the scopes of the sign-in allow. */
export interface SiteVisitor extends VerifiedUser, Profile {
  /** Epoch milliseconds: when the sign-in ends, whatever is done in it. */
  readonly endsAt: number;
}

/** One request, and who sent it. */
export interface Visit {
  /** Null: nobody, as far as this request may say. */
  readonly user: SiteVisitor | null;
  /** `Set-Cookie` lines that belong on the answer, whatever it is. */
  readonly cookies: readonly string[];
  /** While the sign-in waits for a mailed code: the page where it is typed. */
  readonly verifyUrl: string | null;
  /** The user, if the request may do what needs this. Throws SiteRefusal or PorticoError, with the answer to give. */
  require(needs?: Needs): Promise<SiteVisitor>;
}

/** Its cookies, the first time: an answer that several guards work on carries each once. */
export function createCookieTaker(): (visit: Visit) => readonly string[] {
  const taken = new WeakSet<Visit>();
  return (visit) => {
    const lines = taken.has(visit) ? [] : visit.cookies;
    taken.add(visit);
    return lines;
  };
}

export interface Seen extends Visit {
  /** Seconds that the access token still lives. */
  readonly expiresIn: number;
  /** The user, whatever the site asks of its own routes. Throws as `require` does. */
  somebody(): SiteVisitor;
}

export interface VisitParts {
  readonly origin: string;
  readonly backend: Backend;
  readonly verifier: Verifier;
  readonly tokens: OwnTokens;
  readonly ended: EndedHere;
  readonly renew: (held: HeldToken) => Promise<Renewed>;
  readonly now: () => number;
  /** Of every route. */
  readonly needs: Needs;
}

type Asker = Pick<Request, 'method' | 'headers'>;

/** Who asks. An expired or revoked token is renewed once; only Portico's own no is a sign-out. Throws where nothing can be known. */
export async function seeVisitor(parts: VisitParts, request: Asker, rotate: boolean): Promise<Seen> {
  const { origin, tokens } = parts;
  // CSRF: here, so that no route can forget it.
  if (!mayUseCookies(request, origin)) return nobody(new SiteRefusal('origin_refused'));
  const [access, held, kept] = [tokens.access(request.headers), tokens.refresh(request.headers), tokens.profile(request.headers)];
  const known = access === null ? null : await verifiedHere(parts, access);
  if (known !== null && access !== null && (fits(kept, known) || held === null || !rotate)) return somebody(parts, access, known, kept);
  if (held === null) return nobody(new SiteRefusal('signed_out'));
  return rotate ? renewed(parts, held) : peeked(parts, held, kept);
}

/** Null: a new token would help. */
async function verifiedHere({ verifier, ended }: VisitParts, access: string): Promise<VerifiedUser | null> {
  try {
    const user = await verifier.verify(access);
    return ended.isEnded(user) ? null : user;
  } catch (error) {
    if (error instanceof PorticoError && error.status === 401) return null;
    throw error;
  }
}

async function renewed(parts: VisitParts, held: HeldToken): Promise<Seen> {
  const said = await parts.renew(held);
  if (said.kind === 'renewed') return withTokens(parts, said.tokens);
  // Who loses a race is not signed out, and must not be shown the sign-in page.
  if (said.code === 'retry') throw new SiteRefusal('unavailable');
  return nobody(refusalOf(said));
}

/** What Portico has just given is good; that it is for this site and from this issuer is looked at like any other token. */
export async function withTokens(parts: VisitParts, given: SiteTokens): Promise<Seen> {
  const user = await parts.verifier.verify(given.accessToken).catch((error: unknown) => {
    if (error instanceof PorticoError && error.status === 401) return error;
    throw error;
  });
  if (user instanceof PorticoError) return nobody(user);
  const kept = { ...profileOf(given.user), sub: given.user.id, sid: given.sid, expiresAt: given.expiresAt };
  return { ...somebody(parts, given.accessToken, user, kept), cookies: parts.tokens.keep(given) };
}

/** For an answer that can set no cookies: nothing is spent, or the browser would be left behind with a token that is used up. */
async function peeked(parts: VisitParts, { token }: HeldToken, kept: KeptProfile | null): Promise<Seen> {
  const said = await parts.backend.call('peek', { refreshToken: token });
  if (said.kind === 'refused') {
    if (said.code === 'session_held') return nobody(new SiteRefusal('session_held', { verifyUrl: String(said.body['verifyUrl']) }));
    if (said.code === 'refresh_busy') throw new SiteRefusal('unavailable');
    return nobody(new SiteRefusal('signed_out'));
  }
  const access = String(said.body['accessToken']);
  return somebody(parts, access, await parts.verifier.verify(access), kept);
}

export function refusalOf(said: Extract<Renewed, { kind: 'refused' }>): SiteRefusal {
  return said.code === 'session_held' ? new SiteRefusal(said.code, { verifyUrl: said.verifyUrl }) : new SiteRefusal(said.code);
}

/** The profile of another sign-in says nothing about this one. */
function fits(kept: KeptProfile | null, { id, sid }: VerifiedUser): kept is KeptProfile {
  return kept !== null && kept.sub === id && kept.sid === sid;
}

function somebody(
  { verifier, now, needs: ofEveryRoute }: VisitParts,
  access: string,
  verified: VerifiedUser,
  kept: KeptProfile | null,
): Seen {
  const own = fits(kept, verified) ? kept : null;
  const user: SiteVisitor = {
    ...verified,
    ...profileOf(own ?? {}),
    endsAt: own?.expiresAt ?? verified.expiresAt * 1000,
  };
  return {
    user,
    cookies: [],
    verifyUrl: null,
    expiresIn: Math.max(0, Math.floor(verified.expiresAt - now() / 1000)),
    somebody: () => user,
    require: async (needs) => {
      await verifier.verify(access, { ...ofEveryRoute, ...needs });
      return user;
    },
  };
}

function nobody(refusal: SiteRefusal | PorticoError): Seen {
  // 401 says "sign in, or refresh" to every caller; what became of the refresh token is for `/refresh` to say.
  const isOver = refusal instanceof SiteRefusal && (refusal.status === 400 || refusal.code === 'session_held');
  const verifyUrl = refusal instanceof SiteRefusal ? (refusal.extra['verifyUrl'] ?? null) : null;
  const refuse = () => {
    throw isOver ? new SiteRefusal('signed_out', refusal.extra) : refusal;
  };
  return { user: null, cookies: [], verifyUrl, expiresIn: 0, somebody: refuse, require: async () => refuse() };
}
