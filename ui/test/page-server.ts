import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { PAGES, SYSTEM } from '@portico/protocol/routes';
import { en } from '@portico/protocol/texts/en';
import type { AdminView, RenderAdmin } from '../src/admin/views/index.ts';
import type { Frame, PageView, RenderPage } from '../src/views.ts';
import { adminSamples } from './admin/samples.ts';
import { pseudoTexts } from './pseudo-texts.ts';
import { type Sample, sampleFrame, sampleViews } from './sample-views.ts';

/** What the real server sends as well: nothing inline, nothing from elsewhere. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const TYPES: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const DIST = join(import.meta.dirname, '../dist');

export type Handler = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface PageServer {
  readonly origin: string;
  /** Where a sample is shown, in English or in the pseudo-language. */
  pageOf(sample: string, pseudo?: boolean): string;
  close(): Promise<void>;
}

export async function loadRenderer(): Promise<{ readonly renderPage: RenderPage; readonly renderAdmin: RenderAdmin }> {
  try {
    return (await import(join(DIST, 'server/render.js'))) as { readonly renderPage: RenderPage; readonly renderAdmin: RenderAdmin };
  } catch (cause) {
    throw new Error('The pages are not built: run `npm run build -w ui` first.', { cause });
  }
}

/** The built pages over HTTP, without the server behind them: `answer` may play the API, `show` any page at its own path. */
export async function startPageServer(
  answer: Handler = () => false,
  show: (path: string) => Sample | undefined = () => undefined,
): Promise<PageServer> {
  const { renderPage, renderAdmin } = await loadRenderer();
  const server = createServer((request, response) => {
    void serve(request, response).catch(() => response.writeHead(500).end());
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (answer(request, response)) return;
    const url = new URL(request.url ?? PAGES.landing, 'http://localhost');
    if (url.pathname.startsWith(SYSTEM.assets)) {
      const file = url.pathname.slice(SYSTEM.assets.length + 1);
      const content = await readFile(join(DIST, 'client', SYSTEM.assets, file));
      response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'text/plain' }).end(content);
      return;
    }
    const adminSample = adminSamples.find(({ name }) => url.pathname === `/show/admin/${name}`);
    if (adminSample !== undefined) {
      const { role = 'owner', form = null, done = null, ...view } = adminSample;
      const me = { id: 'usr_1', displayName: 'Ada Lovelace', email: 'ada@example.com', role };
      const frame = { ...sampleFrame, texts: url.searchParams.has('pseudo') ? pseudoTexts(en) : en };
      const html = renderAdmin({ ...view, me, form, done } as AdminView, frame);
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': POLICY }).end(html);
      return;
    }
    const sample = show(url.pathname) ?? sampleViews.find(({ name }) => url.pathname === `/show/${name}`);
    if (sample === undefined) {
      response.writeHead(404).end();
      return;
    }
    const texts = url.searchParams.has('pseudo') ? pseudoTexts(en) : en;
    const frame: Frame = { ...sampleFrame, now: Date.now(), ...sample.frame, texts };
    const html = renderPage(ofToday(sample.view, frame.now), frame);
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': POLICY }).end(html);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const origin = `http://localhost:${port}`;
  return {
    origin,
    pageOf: (sample, pseudo = false) => `${origin}/show/${sample}${pseudo ? '?pseudo' : ''}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The samples were written at a fixed moment; a countdown needs today. */
function ofToday(view: PageView, now: number): PageView {
  return view.page === 'verify-sign-in' ? { ...view, resendAt: now + (view.resendAt - sampleFrame.now) } : view;
}
