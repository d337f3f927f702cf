import assert from 'node:assert/strict';
import { PAGE_FORMS, PAGES } from '@portico/protocol/routes';
import type { Answered, Browser } from '../browser.ts';
import { PASSWORD, type World } from '../world.ts';

/** How a visit ended, and which pages were on the way. */
export interface Visit {
  /** At another site: where our server sent the browser. Null: one of our own pages is the end. */
  readonly left: URL | null;
  /** Paths of the pages that were shown, and what they were asked to do. */
  readonly pages: readonly string[];
  readonly last: Answered;
  /** Of the first page, for what it shows before anything is typed. */
  readonly first: Answered;
}

export interface Person {
  readonly world: World;
  readonly browser: Browser;
  readonly email: string;
}

/** Somebody with an account, at a browser that has forgotten whatever it knew of us. */
export async function newPerson(world: World, email = 'ada@example.com'): Promise<Person> {
  const browser = world.browser();
  assert.equal((await browser.call('signUp', { email, password: PASSWORD, displayName: 'Ada' })).status, 200);
  assert.equal((await browser.call('verifySignIn', { securityCode: await world.codeFor(email) })).status, 200);
  assert.equal((await browser.act('signOut')).status, 204);
  browser.jar.clear();
  return { world, browser, email };
}

export interface Step {
  readonly method?: 'GET' | 'POST';
  readonly fields?: Readonly<Record<string, string>>;
  /** Comes from a page of another site, as whatever a relying party sends does. */
  readonly crossSite?: boolean;
  /** What the person does with the forms on the way: everything that a sign-in asks for, the button that signs out, or nothing. */
  readonly answers?: 'sign-in' | 'sign-out' | 'nothing';
}

/** Goes somewhere, says yes to whatever is asked, signs in where that is asked, and comes to rest. */
export async function visit(person: Person, address: string, step: Step = {}): Promise<Visit> {
  const origin = person.world.deps.config.appOrigin;
  const pages: string[] = [];
  let url = new URL(address, origin);
  let answer = await request(person.browser, url, { crossSite: true, ...step });
  let first: Answered | null = null;
  for (let hop = 0; hop < 15; hop += 1) {
    const to = destinationOf(answer);
    if (to !== null) {
      url = new URL(to, url);
      if (url.origin !== origin) return { left: url, pages, last: answer, first: first ?? answer };
      answer = await request(person.browser, url, {});
      continue;
    }
    first ??= answer;
    pages.push(url.pathname);
    const form = await nextForm(person, answer, step.answers ?? 'sign-in');
    if (form === null) return { left: null, pages, last: answer, first };
    // Nobody reads a page in no time.
    person.world.clock.advance(300);
    url = new URL(form.action, url);
    answer = await request(person.browser, url, { method: 'POST', fields: form.fields });
  }
  throw new Error(`no end: ${pages.join(', ')}`);
}

/** A redirect, or the page in between that does for one where the policy of forms would stop it. */
function destinationOf({ status, headers }: Answered): string | null {
  const refresh = /^0; ?url=(.+)$/.exec(String(headers['refresh'] ?? ''))?.[1];
  if (refresh !== undefined) return refresh;
  return status >= 300 && status < 400 ? String(headers['location']) : null;
}

/** A browser that comes from another site by a form sends no `SameSite=Lax` cookie along; by a link it does. */
async function request(browser: Browser, url: URL, { method = 'GET', fields, crossSite = false }: Step): Promise<Answered> {
  const headers: Record<string, string | undefined> = {
    accept: 'text/html',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-site': crossSite ? 'cross-site' : 'same-origin',
  };
  if (method === 'GET') return browser.send('GET', url.pathname + url.search, undefined, { headers });
  headers['content-type'] = 'application/x-www-form-urlencoded';
  if (crossSite) Object.assign(headers, { cookie: undefined, origin: 'https://rp.example.net' });
  return browser.send('POST', url.pathname + url.search, new URLSearchParams(fields).toString(), { headers });
}

/** The forms that somebody who wants to go on fills in. */
const ANSWERS: Readonly<Record<string, (person: Person) => Promise<Readonly<Record<string, string>>>>> = {
  [PAGES.signIn]: async ({ email }) => ({ email, password: PASSWORD, keep: 'on' }),
  [PAGES.verifySignIn]: async ({ world, email }) => ({ securityCode: await world.codeFor(email) }),
  [PAGES.dashboardProof]: async () => ({ password: PASSWORD }),
  [PAGES.consent]: async () => ({}),
  [PAGES.freshen]: async () => ({}),
};
const NEVER: readonly string[] = [PAGE_FORMS.consentDeny, PAGE_FORMS.consentOtherAccount];

async function nextForm(
  person: Person,
  { text, status }: Answered,
  answers: NonNullable<Step['answers']>,
): Promise<{ action: string; fields: Record<string, string> } | null> {
  if (status !== 200) return null;
  for (const { action, fields } of formsOf(text)) {
    const path = action.split('?')[0] ?? '';
    if (answers === 'sign-out' && path === PAGES.signOut) return { action, fields };
    const fill = NEVER.includes(path) ? undefined : ANSWERS[path];
    if (answers === 'sign-in' && fill !== undefined) return { action, fields: { ...fields, ...(await fill(person)) } };
  }
  return null;
}

/** The forms of a page, with what they bring along unseen. */
export function formsOf(html: string): readonly { readonly action: string; readonly fields: Record<string, string> }[] {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].map(([, attributes = '', body = '']) => ({
    action: attribute(attributes, 'action'),
    fields: Object.fromEntries(
      [...body.matchAll(/<input\b([^>]*)>/g)]
        .map(([, one = '']) => one)
        .filter((one) => attribute(one, 'type') === 'hidden')
        .map((one) => [attribute(one, 'name'), attribute(one, 'value')]),
    ),
  }));
}

export function attribute(tag: string, name: string): string {
  const found = new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? '';
  return found.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
}
