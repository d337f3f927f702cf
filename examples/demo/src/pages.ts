import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { escaped } from './escape.ts';
import type { PageSettings } from './settings.ts';

const DIST = join(import.meta.dirname, '..', 'dist');
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const YEAR = 365 * 86_400;

/** The built page at `/`, told what it must know, and the files that it names. Nothing is looked up by what a request says. */
export function servePages(app: FastifyInstance, page: string, settings: PageSettings): void {
  if (!existsSync(DIST)) throw new Error('its pages are not built: npm run build -w examples/demo');
  const policy = policyOf(settings);
  const html = readFileSync(join(DIST, `${page}.html`), 'utf8').replace(
    'data-settings=""',
    () => `data-settings="${escaped(JSON.stringify(settings))}"`,
  );
  app.get('/', (_, reply) =>
    reply
      .type(TYPES['.html'] ?? '')
      .headers({ 'cache-control': 'no-store', 'content-security-policy': policy, 'x-content-type-options': 'nosniff' })
      .send(html),
  );
  for (const file of readdirSync(join(DIST, 'assets'))) {
    const type = TYPES[extname(file)];
    if (type === undefined) continue;
    const content = readFileSync(join(DIST, 'assets', file));
    app.get(`/assets/${file}`, (_, reply) =>
      reply
        .type(type)
        .headers({ 'cache-control': `public, max-age=${YEAR}, immutable`, 'x-content-type-options': 'nosniff' })
        .send(content),
    );
  }
}

/** Scripts and styles of this app, calls to it and to Portico, and the one form that leaves it. */
function policyOf({ issuer, api, newDevice }: PageSettings): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src 'self' ${issuer} ${api}`,
    // A browser checks where a form's answer redirects to as well: back here.
    `form-action 'self' ${new URL(newDevice).origin}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
