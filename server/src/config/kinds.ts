import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import ipaddr from 'ipaddr.js';
import { parseMailbox } from '../platform/mailbox.ts';
import { isPlaceholderKey, parseMasterKey } from '../platform/master-key.ts';
import { parseSmtpUrl } from '../platform/smtp-url.ts';

/** What a setting's text becomes: its value, or why it is none. The problem never repeats the text: it may be a secret. */
export type Parsed<T> = { readonly value: T } | { readonly problem: string };

/** A kind of value: how it is written, and how it is read. */
export interface Kind<T> {
  /** Stands in the documentation and in every complaint. */
  readonly form: string;
  readonly parse: (text: string) => Parsed<T>;
  /** What `doctor` may show of it. Kinds that hold no secret have none. */
  readonly mask?: (text: string) => string;
  /** It is one secret from end to end: screens say only whether it is set. */
  readonly secret?: true;
}

function kind<T>(form: string, read: (text: string) => T | null, mask?: (text: string) => string): Kind<T> {
  const parse = (text: string): Parsed<T> => {
    const value = read(text);
    return value === null ? { problem: `must be ${form}` } : { value };
  };
  return mask === undefined ? { form, parse } : { form, parse, mask };
}

export function oneOf<const Choice extends string>(...choices: readonly Choice[]): Kind<Choice> {
  return kind(choices.join(' | '), (text) => choices.find((choice) => choice === text) ?? null);
}

export function wholeNumber(min: number, max: number): Kind<number> {
  return kind(`a whole number from ${min} to ${max}`, (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : null;
  });
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds. Limits are given as they are written: `duration('2m', '15m')`. */
export function duration(min: string, max: string): Kind<number> {
  const limits = [milliseconds(min), milliseconds(max)] as const;
  return kind(`a duration from ${min} to ${max}, such as 90s, 15m, 12h or 30d`, (text) => {
    const value = milliseconds(text);
    return value >= limits[0] && value <= limits[1] ? value : null;
  });
}

function milliseconds(text: string): number {
  const found = /^(\d{1,6})([smhd])$/.exec(text);
  return found === null ? Number.NaN : Number(found[1]) * (UNITS[found[2] ?? ''] ?? Number.NaN);
}

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** `https://auth.example.com`, lower-cased, without the default port. The raw text is checked too: URL parsers forgive too much. */
export const origin: Kind<string> = kind(
  'an origin such as https://auth.example.com: http or https, no path, no query, no password',
  readOrigin,
);

export const originOrNone: Kind<string> = kind('empty, or an origin such as https://cdn.example.com without a path', (text) =>
  text === '' ? '' : readOrigin(text),
);

function readOrigin(text: string): string | null {
  if (!/^https?:\/\/[a-z0-9.:[\]-]+\/?$/i.test(text) || !URL.canParse(text)) return null;
  const url = new URL(text);
  return HOST_NAME.test(url.hostname) || url.hostname.startsWith('[') ? url.origin : null;
}

/** Kept as it is written, for an issuer is compared letter by letter (OpenID Connect Discovery 4.3). */
export const webAddress: Kind<string> = kind(
  'empty, or an address such as https://git.example.com or https://id.example.com/realms/main: no query, no password',
  (text) => (text === '' || isWebAddress(text) ? text : null),
);

function isWebAddress(text: string): boolean {
  if (!/^https?:\/\/[^\s\\]+$/i.test(text) || !URL.canParse(text)) return false;
  const { username, password, search, hash } = new URL(text);
  return username === '' && password === '' && search === '' && hash === '' && !/[?#]/.test(text);
}

const CREDENTIAL = /^[\x21-\x7e]{1,512}$/;
export const clientId: Kind<string> = kind('empty, or the client id as the provider shows it', (text) =>
  text === '' || CREDENTIAL.test(text) ? text : null,
);

export const clientSecret: Kind<string> = {
  ...kind(
    'empty, or the client secret as the provider shows it',
    (text) => (text === '' || CREDENTIAL.test(text) ? text : null),
    (text) => (text === '' ? '' : '***'),
  ),
  secret: true,
};

/** For a header, so printable and without spaces; long enough that nobody finds it by trying. */
export const accessToken: Kind<string> = {
  ...kind(
    'empty, or 32 to 512 random characters (openssl rand -hex 32)',
    (text) => (text === '' || /^[\x21-\x7e]{32,512}$/.test(text) ? text : null),
    (text) => (text === '' ? '' : '***'),
  ),
  secret: true,
};

export const listenHost: Kind<string> = kind('an IP address or a host name to listen on', (text) =>
  ipaddr.isValid(text) || HOST_NAME.test(text) ? text : null,
);

export const folder: Kind<string> = kind('a folder', absolute);

export const existingFolderOrNone: Kind<string> = kind('empty, or a folder that exists', (text) => {
  if (text === '') return '';
  const path = absolute(text);
  return path !== null && existsSync(path) && statSync(path).isDirectory() ? path : null;
});

function absolute(text: string): string | null {
  return text === '' || text.includes('\0') ? null : resolve(text);
}

export const databaseUrl: Kind<string> = kind(
  'empty for SQLite in the data folder, or postgres://user:password@host:5432/database',
  (text) => (text === '' || (/^postgres(?:ql)?:\/\/\S+$/.test(text) && URL.canParse(text)) ? text : null),
  maskUrl,
);

export const redisUrl: Kind<string> = kind(
  'empty, or redis://user:password@host:6379/0 (rediss:// with TLS)',
  (text) => (text === '' || (/^rediss?:\/\/\S+$/.test(text) && URL.canParse(text)) ? text : null),
  maskUrl,
);

export const smtpUrl: Kind<string> = kind(
  'empty, or smtp://user:password@host:587 (with ?tls=required, optional or none) or smtps://user:password@host:465',
  (text) => (text === '' || parseSmtpUrl(text) !== null ? text : null),
  maskUrl,
);

function maskUrl(text: string): string {
  if (text === '') return '';
  if (!URL.canParse(text)) return '(unreadable)';
  const url = new URL(text);
  if (url.password !== '') url.password = '***';
  for (const name of new Set(url.searchParams.keys())) if (/pass|secret|key|token/i.test(name)) url.searchParams.set(name, '***');
  return url.href;
}

export const mailbox: Kind<string> = kind('one address, such as Portico <no-reply@example.com>', (text) =>
  parseMailbox(text) === null ? null : text.trim(),
);

export const masterKey: Kind<Buffer | null> = {
  form: '32 random bytes as base64url, base64 or hex (openssl rand -hex 32)',
  parse: (text) => {
    if (text === '') return { value: null };
    const key = parseMasterKey(text);
    if (key === null) return { problem: `must be ${masterKey.form}` };
    return isPlaceholderKey(key) ? { problem: 'is a placeholder, not a random key: make one with openssl rand -hex 32' } : { value: key };
  },
  mask: (text) => (text === '' ? '' : '***'),
  secret: true,
};

const DOMAIN = /^(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?$/u;

/** What stands behind the @ of an address, in the form in which addresses are compared. */
export const domains: Kind<readonly string[]> = kind('a list of domains such as example.com, example.org', (text) => {
  const parts = text
    .normalize('NFC')
    .toLowerCase()
    .split(/[\s,]+/);
  const named = parts.filter((part) => part !== '');
  return named.every((part) => DOMAIN.test(part)) ? named : null;
});

/** Addresses and CIDR ranges, normalised, a single address as /32 or /128. */
export const networks: Kind<readonly string[]> = kind('a list such as 10.0.0.0/8, 192.168.1.7, fd00::/8', (text) => {
  const parts = text.split(/[\s,]+/).filter((part) => part !== '');
  const ranges = parts.map(readNetwork);
  return ranges.some((range) => range === null) ? null : ranges.filter((range) => range !== null);
});

function readNetwork(text: string): string | null {
  if (text.includes('/')) return ipaddr.isValidCIDR(text) ? text : null;
  // `10.1` and `0x7f.1` are valid for the library, and not what anybody means.
  if (!ipaddr.IPv4.isValidFourPartDecimal(text) && !ipaddr.IPv6.isValid(text)) return null;
  return `${text}/${text.includes(':') ? 128 : 32}`;
}
