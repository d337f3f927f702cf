import type { IncomingMessage } from 'node:http';

/** The site's own cookies: HttpOnly, so no script of the page ever sees a token. */
export interface Cookies {
  read(request: IncomingMessage, name: string): string | undefined;
  /** The line that sets one; without a value, the line that removes it. */
  line(name: string, value?: string, maxAge?: number): string;
}

/** Named for the client, because sites on one host share a jar whatever their ports; `__Host-` where https allows it. */
export function createCookies(baseUrl: string, clientId: string): Cookies {
  const secure = baseUrl.startsWith('https:');
  const full = (name: string) => `${secure ? '__Host-' : ''}${clientId}_${name}`;
  return {
    read: (request, name) => {
      const pairs = (request.headers.cookie ?? '').split('; ').map((pair) => pair.split('=', 2));
      return pairs.find(([key]) => key === full(name))?.[1];
    },
    line: (name, value = '', maxAge = value === '' ? 0 : 30 * 86_400) =>
      `${full(name)}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${maxAge}${secure ? '; Secure' : ''}`,
  };
}
