import { execFile } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createServer, getCACertificates, setDefaultCACertificates } from 'node:tls';
import { promisify } from 'node:util';

/** A certificate authority of a test's own, and the https that people put before Portico and before their sites. */

const run = promisify(execFile);
const NAMES = ['localhost', ...['a', 'b', 'c'].map((letter) => `${letter}.localhost`)];

export interface Authority {
  /** The root certificate, PEM: what whoever calls these hosts has to trust. */
  readonly file: string;
  /** What Chromium is told to trust: the hash of the root's public key. */
  readonly spki: string;
  /** Speaks https for the plain server at this port of 127.0.0.1. Returns its own port. */
  front(target: number): Promise<number>;
}

/** Makes the root and one certificate below it, for the hosts of these tests; the calls of this process trust it until the test ends. */
export async function createAuthority(t: TestContext): Promise<Authority> {
  const folder = await mkdtemp(join(tmpdir(), 'portico-authority-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const at = (name: string) => join(folder, name);
  const openssl = (...args: readonly string[]) => run('openssl', args, { cwd: folder });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=Test authority');
  await openssl('req', ...newKey, '-keyout', 'host.key', '-out', 'host.csr', '-subj', '/CN=localhost');
  await writeFile(at('names'), `subjectAltName=${[...NAMES.map((name) => `DNS:${name}`), 'IP:127.0.0.1'].join()}\n`);
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names'];
  await openssl('x509', '-req', '-in', 'host.csr', ...signed, '-out', 'host.pem', '-days', '2');
  const [root, host, key] = await Promise.all(['ca.pem', 'host.pem', 'host.key'].map((name) => readFile(at(name), 'utf8')));
  if (root === undefined || host === undefined || key === undefined) throw new Error('openssl wrote no certificate');

  const trusted = getCACertificates('default');
  setDefaultCACertificates([...trusted, root]);
  t.after(() => setDefaultCACertificates(trusted));
  const publicKey = new X509Certificate(root).publicKey.export({ type: 'spki', format: 'der' });
  return {
    file: at('ca.pem'),
    spki: createHash('sha256').update(publicKey).digest('base64'),
    front: async (target) => {
      const server = createServer({ key, cert: host + root }, (secure) => {
        const plain = connect(target, '127.0.0.1');
        secure.pipe(plain).pipe(secure);
        // One end gone is the other's end too.
        for (const [one, other] of [[secure, plain] as const, [plain, secure] as const]) one.on('error', () => other.destroy());
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      t.after(() => void server.close());
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('no port was given');
      return address.port;
    },
  };
}
