import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { Outside, PrintedCheck } from '../../src/cli/check.ts';
import type { CheckName } from '../../src/cli/check-names.ts';
import { examine, thisMachine } from '../../src/cli/doctor.ts';
import { inspectConfig } from '../../src/config.ts';

/** `portico doctor` with a world around it that a test holds: names, certificates, servers. */

export interface Asked {
  readonly env?: Readonly<Record<string, string>>;
  readonly only?: CheckName;
  readonly outside?: Partial<Outside>;
}

/** Names that lead somewhere; every other one does not exist. */
export type Records = Readonly<Record<string, string>>;

export function held(addresses: Records = {}, texts: Readonly<Record<string, readonly string[]>> = {}): Outside['names'] {
  return {
    lookUp: (host, _options, answer) => {
      const address = addresses[host];
      if (address === 'silent') return;
      if (address === undefined) return answer(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' }), []);
      answer(null, [{ address, family: address.includes(':') ? 6 : 4 }]);
    },
    textsOf: async (name) => texts[name] ?? [],
  };
}

export async function doctor(t: TestContext, { env = {}, only, outside = {} }: Asked): Promise<readonly PrintedCheck[]> {
  const folder = mkdtempSync(join(tmpdir(), 'portico-doctor-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const whole = { NODE_ENV: 'test', PORTICO_DATA_DIR: folder, ...env };
  const checks = await examine(inspectConfig(whole), { ...thisMachine(whole), names: held(), ...outside }, only ?? null);
  for (const { name, state, fix } of checks) assert.equal(state === 'ok', fix === undefined, `${name} has a fix where it needs one`);
  return checks;
}

/** State and finding of the check of that name. */
export function told(checks: readonly PrintedCheck[], name: string): string {
  const found = checks.filter((check) => check.name === name).map(({ state, finding }) => `${state}: ${finding}`);
  return found.length === 0 ? `nothing is said of ${name}, but of ${checks.map((check) => check.name).join(', ')}` : found.join('\n');
}

/** What a public installation has to set, with its names leading to this machine. */
export const PUBLIC = { NODE_ENV: 'production', PORTICO_SMTP_URL: 'smtp://127.0.0.1:9' } as const;

export interface Certified {
  /** Serves https with a certificate of this sort at a free port. */
  serve(sort: { readonly host: string; readonly days?: number; readonly alone?: true }, answer: Answer): Promise<number>;
}

export type Answer = (path: string) => {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};

/** An authority that the calls of this process trust until the test ends, and servers with certificates below it. */
export function certified(t: TestContext): Certified {
  const folder = mkdtempSync(join(tmpdir(), 'portico-certified-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '9', '-subj', '/CN=Doctor authority');
  const trusted = getCACertificates('default');
  setDefaultCACertificates([...trusted, readFileSync(join(folder, 'ca.pem'), 'utf8')]);
  t.after(() => setDefaultCACertificates(trusted));
  const servers: Server[] = [];
  t.after(() => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });
  return {
    serve: async ({ host, days = 90, alone }, answer) => {
      writeFileSync(join(folder, 'names'), `subjectAltName=DNS:${host}\n`);
      openssl('req', ...newKey, '-keyout', 'host.key', '-out', 'host.csr', '-subj', `/CN=${host}`);
      const signer = alone === true ? ['-signkey', 'host.key'] : ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'];
      openssl('x509', '-req', '-in', 'host.csr', ...signer, '-extfile', 'names', '-out', 'host.pem', '-days', String(days));
      const [key, cert] = ['host.key', 'host.pem'].map((name) => readFileSync(join(folder, name), 'utf8'));
      if (key === undefined || cert === undefined) throw new Error('openssl wrote no certificate');
      const server = createServer({ key, cert }, (request, response) => {
        const { status = 200, headers = {}, body = '' } = answer(request.url ?? '/');
        response.writeHead(status, headers).end(body);
      });
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return (server.address() as AddressInfo).port;
    },
  };
}
