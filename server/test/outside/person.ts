import { USER_AGENT } from '../browser.ts';
import { type CookieJar, newCookieJar } from './cookie-jar.ts';
import { formsOf, type HtmlForm } from './forms.ts';
import { type Asked, send } from './request.ts';

/** Somebody at a browser without script, over real HTTP: follows redirects, signs in where asked, says yes to questions. */
export interface Person {
  readonly email: string;
  readonly password: string;
  readonly jar: CookieJar;
  /** Goes to an address and on from there until a page has nothing to fill in, or `stopAt` says that this address is not to be opened. */
  open(address: string, options?: OpenOptions): Promise<Seen>;
  /** One request with this browser's cookies, and nothing more. */
  ask(address: string, asked?: Asked): Promise<Response>;
}

export interface OpenOptions {
  readonly stopAt?: (url: URL) => boolean;
  /** False: stops before the first form that wants a password. */
  readonly signsIn?: boolean;
  /** False: stops before the first question. */
  readonly saysYes?: boolean;
  /** Sent as a form instead of a plain visit. */
  readonly form?: Readonly<Record<string, string>>;
}

/** Where somebody ended up. */
export interface Seen {
  readonly url: URL;
  /** 0: the address was not opened. */
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Every address on the way, the last one included. */
  readonly way: readonly string[];
}

const MOST_STEPS = 25;

interface Step {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly body: URLSearchParams | null;
  readonly from: URL | null;
}

export function newPerson(email: string, password: string): Person {
  const jar = newCookieJar();
  const ask = async (address: string, asked: Asked = {}): Promise<Response> => {
    const url = new URL(address);
    const headers = new Headers(asked.headers);
    const cookies = jar.header(url);
    if (cookies !== '') headers.set('cookie', cookies);
    headers.set('user-agent', USER_AGENT);
    const response = await send(url, { ...asked, headers });
    jar.take(url, response);
    return response;
  };

  const navigate = ({ url, method, body, from }: Step) =>
    ask(url.href, {
      method,
      headers: new Headers({
        accept: 'text/html',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
        'sec-fetch-site': from === null ? 'none' : from.origin === url.origin ? 'same-origin' : 'cross-site',
        ...(method === 'POST' && from !== null ? { origin: from.origin } : {}),
      }),
      body,
    });

  const open = async (address: string, options: OpenOptions = {}): Promise<Seen> => {
    const { stopAt = () => false, form } = options;
    const way: string[] = [];
    let next: Step | null = {
      url: new URL(address),
      method: form === undefined ? 'GET' : 'POST',
      body: form === undefined ? null : new URLSearchParams(form),
      from: null,
    };
    let seen: Seen = { url: next.url, status: 0, headers: new Headers(), text: '', way };
    while (next !== null) {
      if (way.length === MOST_STEPS) throw new Error(`in a circle: ${way.join(' -> ')}`);
      const step: Step = next;
      way.push(step.url.href);
      seen = { url: step.url, status: 0, headers: new Headers(), text: '', way };
      if (stopAt(step.url)) return seen;
      const response = await navigate(step);
      seen = { url: step.url, status: response.status, headers: response.headers, text: await response.text(), way };
      next = nextStep(seen, step, options);
    }
    return seen;
  };

  const nextStep = (seen: Seen, step: Step, { signsIn = true, saysYes = true }: OpenOptions): Step | null => {
    const location = seen.status >= 300 && seen.status < 400 ? seen.headers.get('location') : refreshOf(seen.headers);
    if (location !== null) {
      const url = new URL(location, step.url);
      const keeps = seen.status === 307 || seen.status === 308;
      return { url, method: keeps ? step.method : 'GET', body: keeps ? step.body : null, from: step.url };
    }
    const forms = formsOf(seen.text, step.url).filter(({ method }) => method === 'POST');
    const signIn = forms.find(asksForPassword);
    if (signIn !== undefined) {
      // The same form again: what was typed was not taken.
      if (!signsIn || step.body?.has('password') === true) return null;
      return submit(signIn, step.url, { email, login: email, password });
    }
    const question = forms.find(({ action }) => QUESTIONS.test(action.pathname));
    return question === undefined || !saysYes || seen.status >= 400 ? null : submit(question, step.url, {});
  };

  return { email, password, jar, open, ask };
}

/** Where the answer to "Continue to B as Ada?" and "Sign out?" goes: Portico's, then oidc-provider's. */
const QUESTIONS = /^\/(?:consent|continue|logout|device(?:\/answer)?|interaction\/[\w-]+|session\/end\/confirm)$/;

function asksForPassword({ types }: HtmlForm): boolean {
  return [...types.values()].includes('password');
}

/** Fills in what the form asks for of `answers`, and leaves the rest as it stands. */
function submit({ action, fields }: HtmlForm, from: URL, answers: Readonly<Record<string, string>>): Step {
  const body = new URLSearchParams();
  for (const [name, value] of fields) body.set(name, answers[name] ?? value);
  return { url: action, method: 'POST', body, from };
}

/** Chromium follows `Refresh: 0; url=…` as it follows a redirect. */
function refreshOf(headers: Headers): string | null {
  return /^0;\s*url=(.+)$/i.exec(headers.get('refresh') ?? '')?.[1] ?? null;
}
