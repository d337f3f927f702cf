import { COOKIES, SECURE_COOKIE_PREFIX } from '@portico/protocol/cookies';
import { claimAttempt } from './attempt-store.ts';
import type { News, World } from './session.ts';

const CHANNEL = 'portico-session';
const LOCK = 'portico-refresh';

/** Everything that the session asks of a real browser. */
export function browserWorld(): World {
  const channel = openChannel();
  return {
    send: (url, init) => fetch(url, init),
    readGeneration,
    claimAttempt,
    exclusively,
    tell: (news) => channel?.postMessage(news),
    listen: (hear) => channel?.addEventListener('message', (event: MessageEvent<News>) => hear(event.data)),
    elapsed: () => performance.now(),
    wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  };
}

/** A sign-in begins on this page: other tabs must not bring the old session back. */
export function tellTurning(): void {
  const channel = openChannel();
  channel?.postMessage({ kind: 'turning' } satisfies News);
  channel?.close();
}

/** Old browsers and locked-down ones have none: then each tab asks for itself. */
function openChannel(): BroadcastChannel | null {
  return typeof BroadcastChannel === 'function' ? new BroadcastChannel(CHANNEL) : null;
}

async function exclusively<T>(work: () => Promise<T>): Promise<T | null> {
  if (!('locks' in navigator)) return work();
  return navigator.locks.request(LOCK, { ifAvailable: true }, (lock) => (lock === null ? null : work()));
}

function readGeneration(): number | null {
  const value = readCookie(SECURE_COOKIE_PREFIX + COOKIES.generation) ?? readCookie(COOKIES.generation);
  return value !== null && /^\d{1,10}$/.test(value) ? Number(value) : null;
}

function readCookie(name: string): string | null {
  const found = document.cookie.split('; ').find((part) => part.startsWith(`${name}=`));
  return found === undefined ? null : found.slice(name.length + 1);
}
