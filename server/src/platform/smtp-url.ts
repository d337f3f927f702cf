import { isLoopbackHost } from './loopback.ts';

/** Where letters are handed over, read from `PORTICO_SMTP_URL`. */
export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  /** `implicit`: TLS from the first byte. `required`: STARTTLS or no letter. `optional`: STARTTLS where it is offered. `none`: plain text. */
  readonly tls: 'implicit' | 'required' | 'optional' | 'none';
  readonly user: string;
  readonly password: string;
}

const HOST = /^[\w.-]+$|^\[[\da-f:.]+\]$/i;
const STARTTLS = ['required', 'optional', 'none'] as const;

/**
 * Null unless the text is `smtp://` or `smtps://` with a host, optional `user:password@`, optional port and at most the parameter `tls`.
 * The URL is never handed to the mail library: its parameters could switch certificate checks off or name another transport.
 */
export function parseSmtpUrl(text: string): SmtpServer | null {
  if (!URL.canParse(text) || /[\s\\]/.test(text)) return null;
  const url = new URL(text);
  const implicit = url.protocol === 'smtps:';
  if (!implicit && url.protocol !== 'smtp:') return null;
  if (!HOST.test(url.hostname) || url.hash !== '' || !['', '/'].includes(url.pathname)) return null;
  const parameters = [...url.searchParams];
  if (parameters.some(([name]) => name !== 'tls') || parameters.length > 1 || (implicit && parameters.length > 0)) return null;
  const wish = STARTTLS.find((choice) => choice === url.searchParams.get('tls'));
  if (parameters.length > 0 && wish === undefined) return null;
  const user = decode(url.username);
  const password = decode(url.password);
  if (user === null || password === null || (user === '') !== (password === '')) return null;
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (implicit ? 465 : 587),
    tls: implicit ? 'implicit' : (wish ?? (isLoopbackHost(url.hostname) ? 'optional' : 'required')),
    user,
    password,
  };
}

function decode(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}
