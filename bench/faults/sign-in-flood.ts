import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HEADERS } from '@portico/protocol/cookies';
import { authPath, PAGES, SYSTEM } from '@portico/protocol/routes';
import { startPortico } from '../../server/test/portico-process.ts';

/** Two hundred sign-ins at a time, over and over, with real argon2: health and refresh have to answer beside them. Needs a quiet machine. */

const PARALLEL = 200;
const SECONDS = Number(process.argv[2] ?? 20);
const P99_MAX = 200;
const PASSWORD = 'correct horse battery staple';

const folder = mkdtempSync(join(tmpdir(), 'portico-flood-'));
const portico = await startPortico({ NODE_ENV: 'test', PORTICO_DATA_DIR: folder, PORTICO_TRUSTED_PROXIES: '127.0.0.1' });
const jar = new Map<string, string>();
let failures = 0;

async function post(
  name: 'signUp' | 'verifySignIn' | 'refresh' | 'signIn',
  body: object,
  headers: Record<string, string> = {},
): Promise<Response> {
  const path = authPath(name).replace(':authProvider', 'credential');
  const own = { 'content-type': 'application/json', origin: portico.origin, 'sec-fetch-site': 'same-origin' };
  return fetch(portico.origin + path, { method: 'POST', headers: { ...own, ...headers }, body: JSON.stringify(body) });
}

const cookies = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ');

async function asOwner(name: 'signUp' | 'verifySignIn' | 'refresh', body: object): Promise<Response> {
  const attempt =
    name === 'refresh'
      ? {
          [HEADERS.attempt]: `${jar.get('portico_g') ?? 0}.${Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url')}`,
        }
      : {};
  const answer = await post(name, body, { cookie: cookies(), ...attempt });
  for (const line of answer.headers.getSetCookie()) {
    const [pair = ''] = line.split(';');
    jar.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
  }
  return answer;
}

function percentile(times: readonly number[], part: number): number {
  return times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * part))] ?? Number.NaN;
}

try {
  await asOwner('signUp', { email: 'ada@example.com', password: PASSWORD });
  const letters = (await (await fetch(portico.origin + PAGES.devMail)).json()) as readonly { readonly text: string }[];
  await asOwner('verifySignIn', { securityCode: /\b\d{8}\b/.exec(letters[0]?.text ?? '')?.[0] ?? '' });
  if (!(await asOwner('refresh', {})).ok) throw new Error('the owner is not signed in');

  const end = performance.now() + SECONDS * 1000;
  const counted: Record<string, number> = {};
  let made = 0;
  const flood = Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      while (performance.now() < end) {
        made += 1;
        const from = `10.${(made >> 16) & 255}.${(made >> 8) & 255}.${made & 255}`;
        const answer = await post('signIn', { email: `nobody${made}@example.com`, password: PASSWORD }, { 'x-forwarded-for': from });
        await answer.arrayBuffer();
        const key = `${answer.status}`;
        counted[key] = (counted[key] ?? 0) + 1;
        if (answer.status === 503 && !answer.headers.has('retry-after')) failures += 1;
        if (answer.status !== 503 && answer.status !== 401) failures += 1;
      }
    }),
  );
  const took: Record<'health' | 'refresh', number[]> = { health: [], refresh: [] };
  const timed = async (what: keyof typeof took, ask: () => Promise<Response>) => {
    while (performance.now() < end) {
      const began = performance.now();
      const answer = await ask();
      await answer.arrayBuffer();
      took[what].push(performance.now() - began);
      if (!answer.ok) failures += 1;
      await sleep(20);
    }
  };
  await Promise.all([flood, timed('health', () => fetch(portico.origin + SYSTEM.health)), timed('refresh', () => asOwner('refresh', {}))]);
  console.log(`${PARALLEL} sign-ins at a time for ${SECONDS} s: ${JSON.stringify(counted)} by status`);
  for (const [what, times] of Object.entries(took)) {
    const p99 = percentile(times, 0.99);
    console.log(`${what}: ${times.length} times, p50 ${percentile(times, 0.5).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
    if (!(p99 < P99_MAX)) failures += 1;
  }
  if (!((counted['503'] ?? 0) > 0)) failures += 1;
} finally {
  await portico.end('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
console.log(failures === 0 ? 'ok' : `${failures} failures`);
process.exitCode = failures === 0 ? 0 : 1;
