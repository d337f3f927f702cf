import type { RequestListener, Server } from 'node:http';
import { createRtkApp } from '@portico/example-rtk-app';
import {
  DEMO_LISTENER,
  DEMO_NEW_DEVICE,
  type DemoApp,
  type DemoClient,
  type DemoOrigins,
  type DemoSecrets,
  demoClientId,
} from '@portico/protocol/demo';
import { createVerifier, type VerifierOptions } from '@portico/server';
import Fastify, { type FastifyInstance } from 'fastify';
import { createSecondary } from '../../secondary/src/secondary.ts';
import { type OpenOrder, settingsOf } from './apps.ts';
import { registerNewDevice } from './new-device.ts';
import { servePages } from './pages.ts';
import { registerSite } from './site.ts';
import { registerSnake } from './snake.ts';

export type Listeners = Readonly<Record<DemoApp, RequestListener>>;
type Secrets = Readonly<Partial<Record<DemoClient, DemoSecrets>>>;

/** Everything that answers, app by app. Throws when a page is not built. */
export async function startApps(order: OpenOrder, origins: DemoOrigins, secrets: Secrets): Promise<Listeners> {
  const { issuer, url, api } = order;
  const secretOf = (client: DemoClient): string => secrets[client]?.clientSecret ?? '';
  /** The apps without a secret hear of revocations through the one that has it. */
  const listening: Pick<VerifierOptions, 'clientId' | 'clientSecret'> = {
    clientId: demoClientId(DEMO_LISTENER),
    clientSecret: secretOf(DEMO_LISTENER),
  };
  const app = async (name: Exclude<DemoApp, 'rtk'>, page: string, register: (app: FastifyInstance) => Promise<void> | void) => {
    const fastify = Fastify({ bodyLimit: 16_384 });
    servePages(fastify, page, settingsOf(name, order, origins));
    await register(fastify);
    await fastify.ready();
    return listenerOf(fastify);
  };
  const site = (name: 'notes' | 'wiki') =>
    app(name, 'site', (fastify) =>
      registerSite(fastify, {
        isShared: name === 'wiki',
        portico: {
          issuer,
          url,
          clientId: demoClientId(name),
          clientSecret: secretOf(name),
          baseUrl: origins[name],
          ...(secrets[name]?.jwtSecret === undefined ? {} : { jwtSecret: secrets[name].jwtSecret }),
        },
      }),
    );
  const rtk = createRtkApp({
    issuer,
    url,
    clientId: demoClientId('rtk'),
    connect: [...new Set([issuer, api])],
    newDeviceUrl: origins.secondary + DEMO_NEW_DEVICE,
    verifier: listening,
  });
  return {
    notes: await site('notes'),
    wiki: await site('wiki'),
    rtk: rtk.handle,
    snake: await app('snake', 'snake', (fastify) => {
      registerSnake(fastify, createVerifier({ issuer, url, audience: demoClientId('snake'), ...listening }), url);
    }),
    secondary: besides(
      await app('secondary', 'secondary', (fastify) => registerNewDevice(fastify, Object.values(origins))),
      createSecondary({
        issuer,
        url,
        authOrigin: api,
        clientId: demoClientId('secondary'),
        clientSecret: secretOf('secondary'),
        baseUrl: origins.secondary,
      }),
    ),
  };
}

/** Fastify behind a server that listens already. */
function listenerOf(app: FastifyInstance): RequestListener {
  return (request, response) => app.routing(request, response);
}

/** The page and what belongs to the demo; everything else is the example's own. */
function besides(own: RequestListener, example: Server): RequestListener {
  return (request, response) => {
    const { url = '' } = request;
    if (url === '/' || url.startsWith('/?') || url.startsWith('/assets/') || url === DEMO_NEW_DEVICE) own(request, response);
    else example.emit('request', request, response);
  };
}
