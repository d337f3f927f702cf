import { appRefreshCookie, COOKIES, type CookieName, HEADERS, SECURE_COOKIE_PREFIX } from '@portico/protocol/cookies';
import { chooseTexts } from '@portico/protocol/texts';
import { parseCookie } from 'cookie';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../caller.ts';
import type { Config } from '../config.ts';
import { canonicalAddress, networkOf } from '../guessing/network-address.ts';

/** Control characters would break one log line into two. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;
const USER_AGENT_MAX = 400;
const REFRESH_TOKEN = /^ptr_[A-Za-z0-9_-]{76}$/;

/** Cookies are Secure, and named so that a browser refuses to let a sibling host plant them; plain only for http on loopback. */
export function cookiesAreSecure(config: Config): boolean {
  return config.apiOrigin.startsWith('https:');
}

export function cookieName(config: Config, name: CookieName): string {
  return cookiesAreSecure(config) ? SECURE_COOKIE_PREFIX + name : name;
}

/** Reads one request. Cookie values that do not have the form we issue are as good as absent, so they reach no database. */
export function readCaller(config: Config, request: FastifyRequest): Caller {
  const sent = parseCookie(header(request, 'cookie') ?? '');
  const cookie = (name: CookieName, form: RegExp): string | null => {
    const value = sent[cookieName(config, name)];
    return value !== undefined && form.test(value) ? value : null;
  };
  const address = canonicalAddress(request.ip);
  return {
    requestId: request.id,
    address,
    userAgent: (header(request, 'user-agent') ?? '').slice(0, USER_AGENT_MAX).replace(CONTROL, ' '),
    // Most requests ask for neither of these two.
    get network() {
      return networkOf(address);
    },
    get texts() {
      return chooseTexts(header(request, 'accept-language') ?? undefined);
    },
    originHeader: header(request, 'origin'),
    fetchSite: header(request, 'sec-fetch-site'),
    fetchMode: header(request, 'sec-fetch-mode'),
    cookies: {
      refresh: cookie(COOKIES.refresh, REFRESH_TOKEN),
      refreshOfApp: (clientId) => cookie(appRefreshCookie(clientId), REFRESH_TOKEN),
      access: cookie(COOKIES.access, /^[A-Za-z0-9_.-]{20,4096}$/),
      waiting: cookie(COOKIES.waiting, /^[A-Za-z0-9_-]{43}$/),
      device: cookie(COOKIES.device, /^[A-Za-z0-9_-]{22}$/),
      csrf: cookie(COOKIES.csrf, /^[A-Za-z0-9_.-]{60,100}$/),
      transaction: cookie(COOKIES.transaction, /^[A-Za-z0-9_-]{22}$/),
      lastWay: cookie(COOKIES.lastWay, /^[a-z]{1,32}$/),
    },
    bearer: bearerOf(header(request, 'authorization')),
    // Most requests ask for neither of these two either.
    get basic() {
      return basicOf(header(request, 'authorization'));
    },
    get dpopHeader() {
      return header(request, HEADERS.dpop);
    },
    attemptHeader: header(request, HEADERS.attempt),
    csrfHeader: header(request, HEADERS.csrf),
  };
}

function header(request: FastifyRequest, name: string): string | null {
  const value = request.headers[name];
  return typeof value === 'string' ? value : null;
}

function bearerOf(authorization: string | null): string | null {
  return /^Bearer ([A-Za-z0-9_.-]{20,4096})$/i.exec(authorization ?? '')?.[1] ?? null;
}

/** Whoever tried and said nothing that can be read is nobody, and not somebody who did not try. */
const NOBODY = { id: '', secret: '' };

/** RFC 6749 2.3.1: id and secret are form-encoded before they are joined. Null where no client showed itself in the header. */
function basicOf(authorization: string | null): { id: string; secret: string } | null {
  if (!/^Basic(\s|$)/i.test(authorization ?? '')) return null;
  const encoded = /^Basic ([A-Za-z0-9+/]{1,2048}={0,2})$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return NOBODY;
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  if (colon < 1) return NOBODY;
  try {
    const [id = '', secret = ''] = [text.slice(0, colon), text.slice(colon + 1)].map((part) =>
      decodeURIComponent(part.replace(/\+/g, ' ')),
    );
    return { id, secret };
  } catch {
    return NOBODY;
  }
}
