import { randomBytes } from 'node:crypto';
import { COOKIES, HEADERS } from '@portico/protocol/cookies';
import { type AUTH_PATHS, authPath, fillPath } from '@portico/protocol/routes';
import type { SmtpCatcher } from '../../server/test/smtp-catcher.ts';
import { until } from './shell.ts';

/** Somebody with a browser, over real HTTP, at an origin in clear text on this machine. */
export interface Person {
  readonly email: string;
  readonly cookies: ReadonlyMap<string, string>;
  /** `at` is where the request goes, when not to the origin itself: one of several nodes. */
  call(name: keyof typeof AUTH_PATHS, body?: object, at?: string): Promise<Response>;
  signUp(mails: SmtpCatcher): Promise<void>;
  signIn(): Promise<void>;
  refresh(at?: string): Promise<string>;
  signOut(at?: string): Promise<void>;
}

const PASSWORD = 'correct horse battery staple';
const READS: readonly (keyof typeof AUTH_PATHS)[] = ['me', 'session'];

export function newPerson(origin: string, email: string): Person {
  const cookies = new Map<string, string>();
  const call: Person['call'] = async (name, body = {}, at = origin) => {
    const reads = READS.includes(name);
    const answer = await fetch(at + fillPath(authPath(name), { authProvider: 'credential' }), {
      method: reads ? 'GET' : 'POST',
      headers: {
        origin,
        'sec-fetch-site': 'same-origin',
        cookie: [...cookies].map(([key, value]) => `${key}=${value}`).join('; '),
        ...(cookies.has(COOKIES.csrf) ? { [HEADERS.csrf]: cookies.get(COOKIES.csrf) ?? '' } : {}),
        ...(name === 'refresh'
          ? { [HEADERS.attempt]: `${cookies.get(COOKIES.generation) ?? 0}.${randomBytes(16).toString('base64url')}` }
          : {}),
        ...(reads ? {} : { 'content-type': 'application/json' }),
      },
      ...(reads ? {} : { body: JSON.stringify(body) }),
      redirect: 'manual',
      signal: AbortSignal.timeout(15_000),
    });
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const [key, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      if (/max-age=0/i.test(line) || value === '') cookies.delete(key);
      else cookies.set(key, value);
    }
    return answer;
  };
  const expect = async (name: keyof typeof AUTH_PATHS, status: number, body?: object, at?: string): Promise<Record<string, unknown>> => {
    const answer = await call(name, body, at);
    const text = await answer.text();
    if (answer.status !== status) throw new Error(`${email}: ${name} answered ${answer.status}, not ${status}: ${text}`);
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  };
  const codeFor = (mails: SmtpCatcher) =>
    mails.letters
      .filter((letter) => letter.recipients.includes(email))
      .map((letter) => /\b\d{8}\b/.exec(letter.message.text ?? '')?.[0])
      .at(-1);
  return {
    email,
    cookies,
    call,
    signUp: async (mails) => {
      await expect('signUp', 200, { email, password: PASSWORD });
      await until(`a code for ${email}`, 20_000, async () => codeFor(mails) !== undefined);
      const { status } = await expect('verifySignIn', 200, { securityCode: codeFor(mails) });
      if (status !== 'VERIFIED') throw new Error(`${email}: after the code ${String(status)}`);
    },
    signIn: async () => {
      const { status } = await expect('signIn', 200, { email, password: PASSWORD, keep: true });
      if (status !== 'VERIFIED') throw new Error(`${email}: signed in as ${String(status)}`);
    },
    refresh: async (at) => String((await expect('refresh', 200, {}, at))['kind']),
    signOut: async (at) => void (await expect('signOut', 204, {}, at)),
  };
}
