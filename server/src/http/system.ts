import { Refusal } from '@portico/protocol/errors';
import { PAGES, SYSTEM } from '@portico/protocol/routes';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { createReadiness } from '../nodes/readiness.ts';
import { describeServer } from '../oauth/discovery.ts';
import { registerMetrics } from './metrics.ts';
import { registerPorticoDocument } from './portico-document.ts';

/** Verifiers may keep the keys this long, in seconds: shorter than the minute that a new key is published before its use. */
const JWKS_AGE = 30;
/** What a server can do changes with its version only. In seconds. */
const DISCOVERY_AGE = 300;

/** What machines ask: is it alive, is it ready, which keys verify its tokens, where is what. */
export async function registerSystem(app: FastifyInstance, deps: Deps): Promise<void> {
  const { config } = deps;
  const findShortcomings = createReadiness(deps);
  app.get(SYSTEM.health, async () => ({ status: 'ok' }));
  app.get(SYSTEM.ready, async () => {
    const failing = await findShortcomings();
    if (failing.length === 0) return { status: 'ready' };
    const cause = new Error(`not ready: ${failing.join(', ')}`);
    throw new Refusal('unavailable', { cause, retryAfter: 2, extra: { failing: failing.join(' ') } });
  });
  app.get(SYSTEM.jwks, async (_, reply) => {
    reply.header('cache-control', `public, max-age=${JWKS_AGE}`).header('access-control-allow-origin', '*');
    return { keys: deps.keys.signingKeys().map((key) => key.publicJwk) };
  });
  // Two names for one document: OpenID Connect Discovery 1.0, and RFC 8414.
  for (const path of [SYSTEM.openIdConfiguration, SYSTEM.oauthServer]) {
    app.get(path, async (_, reply) => {
      reply.header('cache-control', `public, max-age=${DISCOVERY_AGE}`).header('access-control-allow-origin', '*');
      return describeServer(config);
    });
  }
  registerPorticoDocument(app, deps);
  registerMetrics(app, deps);
  // The well-known address that password managers open (W3C change-password-url).
  app.get(SYSTEM.changePassword, async (_, reply) =>
    reply
      .code(302)
      .header('location', config.appOrigin + PAGES.dashboardSecurity)
      .send(),
  );
}
