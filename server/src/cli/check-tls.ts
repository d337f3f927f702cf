import { PAGES, SYSTEM } from '@portico/protocol/routes';
import { isLoopbackHost } from '../platform/loopback.ts';
import { type Visited, visit } from '../platform/visit.ts';
import { type Check, callPatience, codeOf, type Examination, lookAtEach } from './check.ts';

const DAY = 86_400_000;
/** Certificates of the usual authorities are renewed a month, or a third of their life, before their end. */
const DAYS_WORTH_A_WORD = 14;

/** Whether browsers get in by https, to this Portico and no other. */
export async function checkTls(examination: Examination): Promise<readonly Check[]> {
  const { settings, outside } = examination;
  const { origin, appOrigin, apiOrigin, assetBase } = settings;
  const origins = [...new Set([origin, appOrigin, apiOrigin, ...(assetBase === '' ? [] : [assetBase])])];
  return lookAtEach(outside, 'tls', origins, async (each) => {
    if (each.startsWith('http:')) return [plainHttp(each)];
    const found = await checkOrigin(examination, each);
    return found[0]?.state === 'ok' ? [...found, ...(await checkPlainDoor(examination, each))] : found;
  });
}

function plainHttp(origin: string): Check {
  const name = `tls ${origin}`;
  if (isLoopbackHost(new URL(origin).hostname)) return { name, state: 'ok', finding: 'plain http, which only this machine can open' };
  const fix = 'put a proxy with https before it, and set PORTICO_ORIGIN to that address';
  return { name, state: 'warn', finding: 'plain http: passwords and cookies can be read on the way', fix };
}

/** In the words of OpenSSL and Node, and in an operator's. */
const CERTIFICATE_PROBLEMS: Readonly<Record<string, readonly [finding: string, fix: string]>> = {
  CERT_HAS_EXPIRED: ['the certificate has expired', 'renew it, and let it be renewed by itself'],
  CERT_NOT_YET_VALID: ['the certificate is not valid yet', 'look at the clocks of this machine and of the proxy'],
  ERR_TLS_CERT_ALTNAME_INVALID: ['the certificate is for another host', 'get one that names this host, or correct the setting'],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['the certificate vouches for itself', 'get one from an authority that browsers know'],
  SELF_SIGNED_CERT_IN_CHAIN: [
    'the certificate comes from an authority that this machine does not know',
    'get one from an authority that browsers know; for one of your own, run this with NODE_EXTRA_CA_CERTS',
  ],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    'the chain of the certificate is not complete, or its authority is not known',
    'let the proxy send the whole chain (fullchain.pem); for an authority of your own, run this with NODE_EXTRA_CA_CERTS',
  ],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [
    'the chain of the certificate is not complete, or its authority is not known',
    'let the proxy send the whole chain (fullchain.pem); for an authority of your own, run this with NODE_EXTRA_CA_CERTS',
  ],
};
const NO_TLS = /^(?:ERR_SSL_|EPROTO)/;

async function checkOrigin(examination: Examination, origin: string): Promise<readonly Check[]> {
  const { settings, outside } = examination;
  const name = `tls ${origin}`;
  const isAssets =
    origin === settings.assetBase && origin !== settings.appOrigin && origin !== settings.apiOrigin && origin !== settings.origin;
  try {
    const answer = await visit(outside.names, origin + (isAssets ? '/' : SYSTEM.portico), callPatience(outside));
    const checks = [checkCertificate(name, answer, outside.now())];
    return isAssets ? checks : [...checks, ...checkAnswer(examination, origin, answer), ...(await checkPublished(examination, origin))];
  } catch (cause) {
    return [unreached(name, codeOf(cause))];
  }
}

function unreached(name: string, code: string): Check {
  const known = CERTIFICATE_PROBLEMS[code];
  if (known !== undefined) return { name, state: 'fail', finding: known[0], fix: known[1] };
  if (NO_TLS.test(code)) {
    return {
      name,
      state: 'fail',
      finding: `no https is spoken there (${code})`,
      fix: 'let the proxy speak https at this address and port',
    };
  }
  const finding = `not reached from this machine (${code})`;
  return {
    name,
    state: 'warn',
    finding,
    fix: 'open it from outside: behind NAT or a firewall this machine may not reach its own public address',
  };
}

function checkCertificate(name: string, { certifiedUntil }: Visited, now: number): Check {
  if (certifiedUntil === null || Number.isNaN(certifiedUntil)) return { name, state: 'ok', finding: 'the certificate is good' };
  const days = Math.floor((certifiedUntil - now) / DAY);
  const finding = `the certificate is good for ${days} more ${days === 1 ? 'day' : 'days'}`;
  if (days >= DAYS_WORTH_A_WORD) return { name, state: 'ok', finding };
  return { name, state: 'warn', finding, fix: 'renew it now, and look why it was not renewed by itself' };
}

/** The document at a well-known address names this installation: a proxy, an old server or somebody else's cannot be mistaken for it. */
function checkAnswer({ settings }: Examination, origin: string, { status, headers, body }: Visited): Check[] {
  const name = `answer of ${origin}`;
  if (status >= 500) {
    const fix = 'start Portico, or let the proxy find it: PORTICO_HOST and PORTICO_PORT say where it listens';
    return [{ name, state: 'warn', finding: `a proxy answers ${status}: no Portico behind it now`, fix }];
  }
  const issuer = issuerIn(body);
  if (status !== 200 || issuer !== settings.origin) {
    const who = issuer === null ? `something else answers (status ${status})` : `another Portico answers: ${issuer}`;
    const fix = `lead every path of ${origin} to this Portico; ${SYSTEM.portico} tells who answers`;
    return [{ name, state: 'fail', finding: who, fix }];
  }
  const strict = headers['strict-transport-security'] ?? '';
  if (!/max-age=[1-9]/.test(strict)) {
    const fix = 'let the proxy pass Strict-Transport-Security on, or set it';
    return [{ name, state: 'warn', finding: 'Portico answers, but Strict-Transport-Security is lost on the way', fix }];
  }
  return [{ name, state: 'ok', finding: 'this Portico answers, with Strict-Transport-Security' }];
}

/** What verifiers fetch: the discovery document where the issuer is, the keys where the API is. */
async function checkPublished({ settings, outside }: Examination, origin: string): Promise<Check[]> {
  const checks: Check[] = [];
  const wanted = [
    ...(origin === settings.origin ? [[SYSTEM.openIdConfiguration, isDiscovery] as const] : []),
    ...(origin === settings.apiOrigin ? [[SYSTEM.jwks, isKeySet] as const] : []),
  ];
  for (const [path, isGood] of wanted) {
    const name = `published ${origin}${path}`;
    const answer = await visit(outside.names, origin + path, callPatience(outside)).catch((cause: unknown) => codeOf(cause));
    const good = typeof answer !== 'string' && answer.status === 200 && isGood(answer.body, settings.origin);
    const said = typeof answer === 'string' ? answer : `status ${answer.status}`;
    const fix = 'sites cannot prove tokens without it: lead this path to Portico';
    checks.push(
      good ? { name, state: 'ok', finding: 'is there' } : { name, state: 'warn', finding: `is not as it must be (${said})`, fix },
    );
  }
  return checks;
}

function isDiscovery(body: string, origin: string): boolean {
  return issuerIn(body) === origin;
}

function isKeySet(body: string): boolean {
  const keys = fieldOf(body, 'keys');
  return Array.isArray(keys) && keys.length > 0;
}

function issuerIn(body: string): string | null {
  const issuer = fieldOf(body, 'issuer');
  return typeof issuer === 'string' ? issuer : null;
}

function fieldOf(body: string, field: string): unknown {
  try {
    const document: unknown = JSON.parse(body);
    return typeof document === 'object' && document !== null ? (document as Readonly<Record<string, unknown>>)[field] : undefined;
  } catch {
    return undefined;
  }
}

/** Somebody types the name without https: what answers there must lead on, or be silent. */
async function checkPlainDoor({ outside }: Examination, origin: string): Promise<Check[]> {
  const name = `plain http of ${origin}`;
  const url = new URL(origin);
  const address = `http://${url.hostname}:${outside.plainPort}${PAGES.signIn}`;
  try {
    const { status, headers } = await visit(outside.names, address, callPatience(outside));
    const leadsOn = status >= 300 && status < 400 && headers.location?.startsWith('https:') === true;
    if (leadsOn || status >= 400) return [{ name, state: 'ok', finding: leadsOn ? 'leads to https' : 'shows nothing' }];
    return [
      {
        name,
        state: 'warn',
        finding: `shows a page without https (status ${status})`,
        fix: 'let the proxy answer it with a redirect to https',
      },
    ];
  } catch {
    return [];
  }
}
