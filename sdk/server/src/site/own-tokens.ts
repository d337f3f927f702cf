import { createHmac, timingSafeEqual } from 'node:crypto';
import type { OwnCookies } from '../own-cookies.ts';

/** What Portico gives a site's backend, as far as it is kept. Times in epoch milliseconds, `expiresIn` in seconds. */
export interface SiteTokens {
  readonly kind: 'rotated' | 'replayed';
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly gen: number;
  readonly expiresIn: number;
  readonly expiresAt: number;
  /** False: whoever closes the browser has signed out of it. */
  readonly keep: boolean;
  readonly sid: string;
  readonly user: Profile & { readonly id: string; readonly roles: readonly string[] };
}

/** What an access token does not say of its user. */
export interface Profile {
  readonly displayName?: string;
  readonly email?: string;
  readonly emailVerified?: boolean;
}

export function profileOf({ displayName, email, emailVerified }: Profile): Profile {
  return {
    ...(displayName === undefined ? {} : { displayName }),
    ...(email === undefined ? {} : { email }),
    ...(emailVerified === undefined ? {} : { emailVerified }),
  };
}

export interface KeptProfile extends Profile {
  readonly sub: string;
  readonly sid: string;
  readonly expiresAt: number;
}

export interface HeldToken {
  readonly gen: number;
  readonly token: string;
}

/** The three cookies of a sign-in. */
export interface OwnTokens {
  access(headers: Headers): string | null;
  refresh(headers: Headers): HeldToken | null;
  profile(headers: Headers): KeptProfile | null;
  keep(tokens: SiteTokens): readonly string[];
  forget(): readonly string[];
}

/** Above this a browser throws the cookie away. */
const COOKIE_MAX = 3800;

export function createOwnTokens(cookies: OwnCookies, clientSecret: string, now: () => number): OwnTokens {
  // The profile lies in the hands of its user: without a seal it would be whatever they write, another's address for one.
  const seal = (text: string) => createHmac('sha256', clientSecret).update(`portico-site\0profile\0${text}`).digest('base64url');
  const sealed = (kept: KeptProfile) => {
    const text = Buffer.from(JSON.stringify(kept)).toString('base64url');
    return `${text}.${seal(text)}`;
  };
  const opened = (value: string): KeptProfile | null => {
    const [text = '', mark = ''] = value.split('.');
    const [given, own] = [Buffer.from(mark), Buffer.from(seal(text))];
    if (given.length !== own.length || !timingSafeEqual(given, own)) return null;
    return JSON.parse(Buffer.from(text, 'base64url').toString()) as KeptProfile;
  };
  return {
    access: (headers) => cookies.read(headers, 'at'),
    refresh: (headers) => {
      const [, gen, token] = /^(\d{1,10})\.(ptr_[\w-]{1,190})$/.exec(cookies.read(headers, 'rt') ?? '') ?? [];
      return gen === undefined || token === undefined ? null : { gen: Number(gen), token };
    },
    profile: (headers) => {
      const value = cookies.read(headers, 'who');
      return value === null ? null : opened(value);
    },
    keep: ({ accessToken, refreshToken, gen, expiresIn, expiresAt, keep, sid, user }) => {
      // Nor may the access token lie there a minute longer on a machine that others use.
      const rest = keep ? (expiresAt - now()) / 1000 : null;
      const whole = sealed({ sub: user.id, sid, expiresAt, ...profileOf(user) });
      return [
        cookies.set('at', accessToken, keep ? expiresIn : null),
        cookies.set('rt', `${gen}.${refreshToken}`, rest),
        cookies.set('who', whole.length > COOKIE_MAX ? sealed({ sub: user.id, sid, expiresAt }) : whole, rest),
      ];
    },
    forget: () => ['at', 'rt', 'who'].map((name) => cookies.remove(name)),
  };
}
