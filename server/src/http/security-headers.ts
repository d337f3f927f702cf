import type { Config } from '../config.ts';

/**
 * The security headers of every answer, as constants: they are the same for each of a million refreshes, so nothing computes them.
 * Each stands with the attack that it stops.
 */

const YEAR = 365 * 86_400;

const EVERYWHERE = {
  // A first request over plain http, turned aside by somebody in between.
  'strict-transport-security': `max-age=${YEAR}; includeSubDomains`,
  // JSON or a picture read as a script.
  'x-content-type-options': 'nosniff',
  // Our pages inside somebody else's frame, for old browsers; `frame-ancestors` says it to new ones.
  'x-frame-options': 'DENY',
  // Addresses of ours told to other sites. Not `no-referrer`: a form under it is posted with `Origin: null`.
  'referrer-policy': 'same-origin',
  // A window that keeps a handle on ours.
  'cross-origin-opener-policy': 'same-origin',
  // Nothing here has business with camera, position or payment.
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  // What was read while signed in, found again in a cache.
  'cache-control': 'no-store',
} as const;

/** For programs: an answer that is opened as a document runs nothing, loads nothing and is framed by nobody. */
export function apiHeaders(config: Config): Readonly<Record<string, string>> {
  return {
    ...EVERYWHERE,
    'cross-origin-resource-policy': resourcePolicy(config),
    'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox",
  };
}

/** For pages: their own scripts and styles, the API, and nothing inline. */
export function pagePolicy(config: Config): string {
  const assets = config.assetBase === '' ? '' : ` ${config.assetBase}`;
  const api = config.apiOrigin === config.appOrigin ? '' : ` ${config.apiOrigin}`;
  return [
    "default-src 'none'",
    `script-src 'self'${assets}`,
    `style-src 'self'${assets}`,
    `img-src 'self'${assets}`,
    `connect-src 'self'${api}`,
    "form-action 'self'",
    "base-uri 'none'",
    "object-src 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** Other sites may load nothing from here; where our own pages live on a sibling host, they may. */
function resourcePolicy(config: Config): string {
  return config.appOrigin === config.apiOrigin ? 'same-origin' : 'same-site';
}
