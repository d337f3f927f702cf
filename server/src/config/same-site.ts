/**
 * Whether browsers treat two origins as one site: same scheme, same registrable domain. It warns an operator in time and guards
 * nothing: browsers judge by the public suffix list themselves, and cookies are bound to one host by their `__Host-` prefix. So the
 * suffixes below are the usual ones, not all.
 */
export function isSameSite(a: string, b: string): boolean {
  const [first, second] = [new URL(a), new URL(b)];
  if (first.protocol !== second.protocol) return false;
  return first.hostname === second.hostname || sharesRegistrableDomain(first.hostname, second.hostname);
}

// Names under which strangers register: country codes with a second level, and hosting platforms.
const SECOND_LEVEL = /^(?:co|com|net|org|gov|gob|gouv|edu|ac|or|ne|go|gv|ltd|plc|me|id|asn|sch)\.[a-z]{2}$/;
const PLATFORMS = new Set(
  `github.io gitlab.io pages.dev workers.dev vercel.app netlify.app fly.dev onrender.com herokuapp.com web.app firebaseapp.com azurewebsites.net
   cloudfront.net amplifyapp.com deno.dev surge.sh glitch.me`.split(/\s+/),
);

function sharesRegistrableDomain(a: string, b: string): boolean {
  if (isAddress(a) || isAddress(b)) return false;
  const [mine, others] = [a.split('.').reverse(), b.split('.').reverse()];
  const common = mine.slice(0, firstDifference(mine, others)).reverse();
  // `localhost` is its own top level: app.localhost and api.localhost are two sites, app.x.localhost and api.x.localhost are one.
  if (common.length < 2) return false;
  const tail = common.slice(-2).join('.');
  return SECOND_LEVEL.test(tail) || PLATFORMS.has(tail) ? common.length > 2 : true;
}

function firstDifference(a: readonly string[], b: readonly string[]): number {
  const at = a.findIndex((label, place) => label !== b[place]);
  return at === -1 ? a.length : at;
}

function isAddress(hostname: string): boolean {
  return hostname.startsWith('[') || /^[\d.]+$/.test(hostname);
}
