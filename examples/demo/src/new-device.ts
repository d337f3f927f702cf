import { appRefreshCookie, COOKIES } from '@portico/protocol/cookies';
import { DEMO_NEW_DEVICE, demoClientId } from '@portico/protocol/demo';
import type { FastifyInstance } from 'fastify';

/** By name: a form of another site's page brings none of them along. */
const PORTICO_COOKIES = [...Object.values(COOKIES), appRefreshCookie(demoClientId('rtk'))];

/**
 * What makes this browser a new device: every cookie of Portico's is taken away. No script can do that, and Portico has no address
 * for it. But a cookie of http belongs to a host name with all its ports (RFC 6265 8.5), and this app is on Portico's: so it can, and
 * nothing of it is in Portico. In production Portico is https, its cookies begin with `__Host-`, and nobody runs a demo beside it.
 */
export function registerNewDevice(app: FastifyInstance, origins: readonly string[]): void {
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_, body, done) => {
    done(null, Object.fromEntries(new URLSearchParams(body.toString())));
  });
  const ours = (address: unknown): string | null => {
    const url = typeof address === 'string' ? URL.parse(address) : null;
    return url !== null && origins.includes(url.origin) ? url.href : null;
  };

  app.post(DEMO_NEW_DEVICE, (request, reply) => {
    const returnTo = ours((request.body as { readonly returnTo?: unknown } | null)?.returnTo);
    // A stranger's page must not make this browser unknown. A page that tells nobody where it is says `null`, and the browser how near.
    const { origin = '', 'sec-fetch-site': site } = request.headers;
    if (returnTo === null || !(origins.includes(origin) || (origin === 'null' && site === 'same-site')))
      return reply.code(403).send({ error: 'origin_refused' });
    return reply
      .header(
        'set-cookie',
        PORTICO_COOKIES.map((name) => `${name}=; Path=/; Max-Age=0`),
      )
      .header('cache-control', 'no-store')
      .redirect(returnTo, 303);
  });
}
