import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyFormbody from '@fastify/formbody';
import fastifyStatic from '@fastify/static';
import { ERRORS, isErrorCode, Refusal } from '@portico/protocol/errors';
import { PAGES, SYSTEM } from '@portico/protocol/routes';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../../deps.ts';
import { isLoopbackAddress } from '../../guessing/network-address.ts';
import { newestLetters } from '../../mail/outbox.ts';
import { isLoopbackHost } from '../../platform/loopback.ts';
import { standingOf } from '../../sessions/standing.ts';
import { registerAdminPages } from '../admin/admin-pages.ts';
import type { AdminRows } from '../admin/admin-rows.ts';
import { readCaller } from '../caller.ts';
import { pagePolicy } from '../security-headers.ts';
import { registerConsentPage } from './consent-page.ts';
import { registerDashboardPages } from './dashboard-pages.ts';
import { registerDevicePage } from './device-page.ts';
import { registerFreshenPage } from './freshen-page.ts';
import { registerMailLinkPages } from './mail-link-pages.ts';
import { registerProviderPages } from './provider-pages.ts';
import { formsWork, type PageRenderer } from './render.ts';
import { registerSetupPage } from './setup-page.ts';
import { registerSignInPages } from './sign-in-pages.ts';

const ASSETS = join(fileURLToPath(import.meta.resolve('@portico/ui/render')), '..', '..', 'client', 'assets');
/** Kinds of files that an operator's folder may hold by accident, and that nobody should be served. */
const UNSERVED = /\.(map|env|ts|bak|sql|sqlite|key|pem|log)$/i;
/** The statuses that the error page has words for. */
const ERROR_PAGE_STATUSES = new Set([400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 422, 429, 500, 502, 503, 504]);

/** All pages, their scripts and styles, and the operator's own folder. */
export async function registerPages(app: FastifyInstance, deps: Deps, renderer: PageRenderer, admin: AdminRows): Promise<void> {
  const { config } = deps;
  await app.register(fastifyStatic, {
    root: ASSETS,
    prefix: SYSTEM.assets,
    preCompressed: true,
    immutable: true,
    maxAge: '365d',
    index: false,
  });
  await app.register(async (scope) => {
    await scope.register(fastifyFormbody);
    scope.addHook('onRoute', (route) => {
      route.schema = { ...route.schema, hide: true };
    });
    registerSignInPages(scope, deps, renderer);
    registerProviderPages(scope, deps, renderer);
    registerMailLinkPages(scope, deps, renderer);
    registerDashboardPages(scope, deps, renderer);
    registerConsentPage(scope, deps, renderer);
    registerDevicePage(scope, deps, renderer);
    registerFreshenPage(scope, deps, renderer);
    registerSetupPage(scope, deps, renderer);
    registerPlainPages(scope, deps, renderer);
    registerAdminPages(scope, deps, renderer, admin);
  });
  if (config.staticDir === '') return;
  const policy = pagePolicy(config);
  await app.register(fastifyStatic, {
    root: config.staticDir,
    prefix: '/',
    decorateReply: false,
    index: ['index.html'],
    list: false,
    dotfiles: 'ignore',
    // Our own paths win: they are registered by name, and a name beats a wildcard.
    wildcard: true,
    allowedPath: (path) => !UNSERVED.test(path),
    // An operator's page runs its own scripts, as ours do; the policy of the API's answers would let it run none.
    setHeaders: (reply) => {
      reply.header('content-security-policy', policy);
    },
  });
}

function registerPlainPages(app: FastifyInstance, deps: Deps, renderer: PageRenderer): void {
  const { config } = deps;
  if (config.staticDir === '') {
    app.get(PAGES.landing, async (request, reply) => {
      const standing = formsWork(config) ? await standingOf(deps, readCaller(config, request)) : null;
      return renderer.send(request, reply, { page: 'landing', status: standing?.status ?? null });
    });
  }

  // The page takes known codes and looks the words up; nothing from the address is ever printed.
  app.get(PAGES.error, async (request, reply) => {
    const { code, reason } = request.query as Record<string, unknown>;
    const status = typeof code === 'string' && /^\d{3}$/.test(code) && ERROR_PAGE_STATUSES.has(Number(code)) ? Number(code) : 500;
    const known = typeof reason === 'string' && isErrorCode(reason) && ERRORS[reason] === status ? reason : null;
    reply.code(status);
    return renderer.send(request, reply, { page: 'error', status, reason: known });
  });

  if (config.mode === 'production') return;
  // The inbox of a developer's own machine: codes lie open in it, so nobody from elsewhere may read it.
  app.get(PAGES.devMail, async (request, reply) => {
    // DNS rebinding: a stranger's name that points at this machine is not a name that this inbox is opened by.
    const named = URL.parse(`http://${request.headers.host ?? ''}`)?.hostname ?? '';
    if (!isLoopbackHost(named) || !isLoopbackAddress(request.socket.remoteAddress ?? '')) throw new Refusal('not_found');
    const letters = await newestLetters(deps, 100);
    const mails = letters.map(({ to, subject, text, html, at }) => ({ to, subject, text, html, at }));
    if (!(request.headers.accept ?? '').includes('text/html')) return reply.type('application/json; charset=utf-8').send(mails);
    return renderer.send(request, reply, { page: 'dev-mail', mails });
  });
}
