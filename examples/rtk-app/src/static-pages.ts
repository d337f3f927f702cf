import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';

export interface PageOptions {
  /** What takes the place of `{{name}}` in the document. */
  readonly settings: Readonly<Record<string, string>>;
  /** Origins that the scripts may call besides their own. */
  readonly connect: readonly string[];
  /** Origins that forms may be sent to. */
  readonly formsTo: readonly string[];
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Serves a built page. The files are read once: no request names a file of the disk. Any other path without an ending is the page itself. */
export function readPages(
  folder: string,
  { settings, connect, formsTo }: PageOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const files = new Map(filesIn(folder).map((name) => [`/${name.split(sep).join('/')}`, readFileSync(join(folder, name))]));
  const document = files.get('/index.html')?.toString();
  if (document === undefined) throw new Error(`There is no page in ${folder}: run "npm run build -w examples/rtk-app" first`);
  const page = Buffer.from(document.replace(/\{\{(\w+)\}\}/g, (_, name: string) => escapeAttribute(settings[name] ?? '')));
  const policy = [
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'",
    `connect-src 'self' ${connect.join(' ')}`,
    // Chromium also asks it where the answer to a form leads.
    `form-action ${formsTo.length === 0 ? "'none'" : ["'self'", ...formsTo].join(' ')}`,
    "base-uri 'none'; frame-ancestors 'none'",
  ].join('; ');
  return ({ url = '/', method }, response) => {
    const { pathname } = new URL(url, 'http://localhost');
    const found = extname(pathname) === '' ? page : files.get(pathname);
    if (found === undefined || (method !== 'GET' && method !== 'HEAD')) {
      response.writeHead(found === undefined ? 404 : 405).end();
      return;
    }
    response
      .writeHead(200, {
        'content-type': found === page ? TYPES['.html'] : (TYPES[extname(pathname)] ?? 'application/octet-stream'),
        'cache-control': found === page ? 'no-cache' : 'max-age=31536000, immutable',
        'content-security-policy': policy,
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      })
      .end(method === 'HEAD' ? undefined : found);
  };
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function escapeAttribute(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
