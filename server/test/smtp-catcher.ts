import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/** A letter as a mail server got it: the envelope, and the message read by a parser that is not ours. */
export interface CaughtLetter {
  readonly from: string;
  readonly recipients: readonly string[];
  readonly secure: boolean;
  readonly user: string | null;
  readonly raw: string;
  readonly message: Email;
}

export interface SmtpCatcher {
  readonly port: number;
  readonly letters: readonly CaughtLetter[];
  /** Connections that were opened so far. */
  readonly connections: () => number;
  close(): Promise<void>;
}

/** A real SMTP server on a free port (or the given one) that keeps what it is sent. */
export async function startSmtpCatcher(options: SMTPServerOptions = {}, port = 0): Promise<SmtpCatcher> {
  const letters: CaughtLetter[] = [];
  let connections = 0;
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS', 'AUTH'],
    logger: false,
    disableReverseLookup: true,
    onConnect: (_session, done) => {
      connections += 1;
      done();
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const raw = Buffer.concat(chunks).toString();
        const { mailFrom, rcptTo } = session.envelope;
        PostalMime.parse(raw)
          .then((message) => {
            letters.push({
              from: mailFrom === false ? '' : mailFrom.address,
              recipients: rcptTo.map(({ address }) => address),
              secure: session.secure,
              user: session.user ?? null,
              raw,
              message,
            });
            done();
          })
          .catch(done);
      });
    },
    ...options,
  });
  // A client that gives up in the middle is what some tests are about.
  server.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    server.server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: portOf(server.server.address()),
    letters,
    connections: () => connections,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Accepts connections and says `greeting`, then nothing more, ever; or `drip` every 50 ms. */
export async function startSilentServer(greeting = '', drip = '', port = 0): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.write(greeting);
    const dripping = drip === '' ? undefined : setInterval(() => socket.write(drip), 50);
    socket.on('close', () => clearInterval(dripping));
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port: portOf(server.address()),
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** A certificate of its own making for `name`, good for a day. */
export function makeCertificate(name: string): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'portico-cert-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  try {
    const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
    const args = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '1',
      '-keyout',
      key,
      '-out',
      cert,
      ...subject,
    ];
    execFileSync('openssl', args, { stdio: 'ignore' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function portOf(address: ReturnType<ReturnType<typeof createServer>['address']>): number {
  if (address === null || typeof address === 'string') throw new Error('not a TCP port');
  return address.port;
}
