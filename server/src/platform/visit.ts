import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { TLSSocket } from 'node:tls';
import { lookupWith, type Names } from './names.ts';

/** What a stranger gets who opens an address of ours. */
export interface Visited {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** The first 64 KiB. */
  readonly body: string;
  /** When the certificate ends, in epoch milliseconds; null over plain http. */
  readonly certifiedUntil: number | null;
}

const BODY_MAX = 65_536;

/**
 * Opens one address over a connection of its own, as a browser would: the certificate is proven, no redirect is followed. Rejects with the
 * error of the connection, whose `code` says why; `ETIMEDOUT` after `patience` milliseconds.
 */
export function visit(names: Pick<Names, 'lookUp'>, address: string, patience: number): Promise<Visited> {
  return new Promise((resolve, reject) => {
    const open = address.startsWith('https:') ? requestHttps : requestHttp;
    const asked = open(new URL(address), { agent: false, lookup: lookupWith(names), headers: { accept: '*/*' } }, (response) => {
      const certifiedUntil = endOfCertificate(response);
      const chunks: Buffer[] = [];
      let size = 0;
      const done = () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).subarray(0, BODY_MAX).toString(),
          certifiedUntil,
        });
      response.on('data', (part: Buffer) => {
        chunks.push(part);
        size += part.length;
        if (size <= BODY_MAX) return;
        done();
        response.destroy();
      });
      response.on('end', done);
      response.on('error', reject);
    });
    const late = setTimeout(() => {
      asked.destroy(Object.assign(new Error(`no answer within ${patience} ms`), { code: 'ETIMEDOUT' }));
    }, patience);
    asked.on('close', () => clearTimeout(late));
    asked.on('error', reject);
    asked.end();
  });
}

function endOfCertificate({ socket }: IncomingMessage): number | null {
  return socket instanceof TLSSocket ? Date.parse(socket.getPeerCertificate().valid_to) : null;
}
