/** The answers of the kits: never kept, never read as something else, never loaded into another site's page. */
const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
} as const;

export interface Reply {
  readonly body?: object;
  readonly html?: string;
  readonly location?: string;
  readonly cookies?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

export function reply(status: number, { body, html, location, cookies = [], headers: more = {} }: Reply = {}): Response {
  const headers = new Headers({ ...HEADERS, ...more });
  if (body !== undefined) headers.set('content-type', 'application/json');
  if (html !== undefined) {
    headers.set('content-type', 'text/html; charset=utf-8');
    headers.set('content-security-policy', "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  }
  if (location !== undefined) headers.set('location', location);
  for (const line of cookies) headers.append('set-cookie', line);
  return new Response(html ?? (body === undefined ? null : JSON.stringify(body)), { status, headers });
}
