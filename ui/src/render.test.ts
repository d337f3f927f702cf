import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FORM_FIELDS } from '@portico/protocol/cookies';
import { fillPath, PAGE_FORMS, PAGES, SYSTEM } from '@portico/protocol/routes';
import { en } from '@portico/protocol/texts/en';
import { loadRenderer } from '../test/page-server.ts';
import { pseudoTexts } from '../test/pseudo-texts.ts';
import { type Sample, sampleFrame, sampleViews } from '../test/sample-views.ts';
import type { Frame, PageView } from './views.ts';

const DIST = join(import.meta.dirname, '../dist');
const ASSETS = join(DIST, 'client', SYSTEM.assets);
const { renderPage } = await loadRenderer();

function htmlOf(sample: Sample, changes: Partial<Frame> = {}): string {
  return renderPage(sample.view, { ...sampleFrame, ...sample.frame, ...changes });
}

/** Every opening tag, with its attributes, as a browser reads them. */
function tagsOf(html: string): readonly string[] {
  return html.match(/<[a-z](?:"[^"]*"|'[^']*'|[^"'>])*>/gi) ?? [];
}

function attributesOf(tag: string): ReadonlyMap<string, string> {
  const found = tag.slice(1).matchAll(/\s([^\s=>"']+)(?:="([^"]*)")?/g);
  return new Map([...found].map(([, name = '', value = '']) => [name, value]));
}

function dataOf(html: string): { readonly view: PageView; readonly frame: Omit<Frame, 'texts'>; readonly texts: object } {
  const [, json = ''] = /<script type="application\/json" id="portico-view">(.*?)<\/script>/s.exec(html) ?? [];
  return JSON.parse(json);
}

for (const sample of sampleViews) {
  test(`${sample.name} is a whole document that the strictest policy lets through`, () => {
    const html = htmlOf(sample);
    assert.match(html, /^<!doctype html>\n<html lang="en">/);
    assert.match(html, /<title>[^<]+<\/title>/);
    assert.match(html, /<meta name="viewport" content="width=device-width, initial-scale=1">/);
    assert.match(html, /<meta name="color-scheme" content="light dark">/);
    assert.match(html, /<link rel="icon" type="image\/svg\+xml" href="\/assets\/favicon-[\w-]+\.svg">/);
    assert.equal(html.match(/<h1[ >]/g)?.length, 1);
    assert.ok(!html.includes('<style'));
    assert.ok(!html.includes('undefined') && !html.includes('[object'), 'a value is missing');
    const tags = tagsOf(html);
    for (const tag of tags) {
      for (const name of attributesOf(tag).keys()) assert.ok(name !== 'style' && !name.startsWith('on'), tag);
    }
    const scripts = tags.filter((tag) => tag.startsWith('<script'));
    assert.equal(scripts.length, 2);
    assert.ok(scripts.every((tag) => attributesOf(tag).has('src') || attributesOf(tag).get('type') === 'application/json'));
    assert.deepEqual(dataOf(html).view, JSON.parse(JSON.stringify(sample.view)));
  });

  test(`${sample.name} has no sentence of its own: in another language nothing is English`, () => {
    const html = htmlOf(sample, { texts: pseudoTexts(en) });
    const values = stringsIn([sample.view, { ...sampleFrame, ...sample.frame, texts: null }]);
    for (const text of visibleTexts(html)) {
      let rest = text;
      while (/⟦[^⟦⟧]*⟧/.test(rest)) rest = rest.replace(/⟦[^⟦⟧]*⟧/g, ' ');
      for (const value of values) rest = rest.replaceAll(value, ' ');
      assert.doesNotMatch(rest, /\p{L}/u, `"${text}" stands in no table of texts`);
    }
  });

  test(`${sample.name} shows hostile values as text and hands them on unchanged`, () => {
    const view = poison(sample.view);
    const frame = { ...sampleFrame, ...sample.frame, host: HOSTILE, requestId: HOSTILE, formToken: HOSTILE, csrfToken: HOSTILE };
    const html = renderPage(view, frame);
    assert.ok(!html.includes('<img src=x') && !html.includes('<!--x'), 'the value became markup');
    assert.equal(html.match(/<\/script>/g)?.length, 2);
    assert.doesNotMatch(html.slice(html.lastIndexOf('<script')), /[\u2028\u2029]/);
    for (const tag of tagsOf(html)) assert.ok(!attributesOf(tag).has('onerror'), tag);
    assert.deepEqual(dataOf(html).view, view);
    assert.equal(dataOf(html).frame.host, HOSTILE);
  });
}

const HOSTILE = `"'><img src=x onerror=alert(1)></script></title><!--x\u2028\u2029&amp;{{7*7}}\${7*7}`;
/** Words of our own; everything else in a view came from somebody. */
const OURS = ['page', 'act', 'closed', 'status', 'error', 'reason', 'notice', 'role', 'fields'];

function poison<T>(value: T, key = ''): T {
  if (OURS.includes(key)) return value;
  if (typeof value === 'string') return HOSTILE as T;
  if (Array.isArray(value)) return value.map((item) => poison(item)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, poison(inner, name)])) as T;
}

function stringsIn(value: unknown): readonly string[] {
  // A letter is shown in pieces, because its links work.
  if (typeof value === 'string') return value.split(/(https?:\S+)/).filter((part) => part !== '');
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value)
    .flatMap(stringsIn)
    .sort((a, b) => b.length - a.length);
}

/** Text nodes, and the attributes that are read out or shown. Moments are written by the language itself. */
function visibleTexts(html: string): readonly string[] {
  const body = html
    .replace(/<script.*?<\/script>/gs, '')
    .replace(/<time[^>]*>[^<]*<\/time>/g, '')
    .replace(/<!--.*?-->/gs, '');
  const spoken = tagsOf(body).flatMap((tag) =>
    ['aria-label', 'title', 'alt', 'placeholder'].map((name) => attributesOf(tag).get(name) ?? ''),
  );
  return [...body.split(/<(?:"[^"]*"|'[^']*'|[^"'>])*>/), ...spoken].map(unescape).filter((text) => text.trim() !== '');
}

function unescape(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&quot;', '"').replaceAll('&amp;', '&');
}

test('assets come from the base that is given when the page is rendered, checked by their hash', () => {
  const [first] = sampleViews;
  assert.ok(first);
  const tags = tagsOf(htmlOf(first, { assetBase: 'https://cdn.example.net' }));
  const loaded = tags.map(attributesOf).filter((attributes) => attributes.has('integrity'));
  assert.equal(loaded.length, 2);
  for (const attributes of loaded) {
    const url = attributes.get('src') ?? attributes.get('href') ?? '';
    assert.ok(url.startsWith(`https://cdn.example.net${SYSTEM.assets}/`));
    const content = readFileSync(join(ASSETS, url.slice(url.lastIndexOf('/') + 1)));
    assert.equal(attributes.get('integrity'), `sha384-${createHash('sha384').update(content).digest('base64')}`);
    assert.equal(attributes.get('crossorigin'), 'anonymous', 'the hash of a file from another origin is checked only with CORS');
  }
});

test('each page loads a script of its own and is sent the texts of no other page', () => {
  const pages = new Set<string>();
  for (const sample of sampleViews) {
    const html = htmlOf(sample);
    const { page } = sample.view;
    assert.match(html, new RegExp(`<script type="module" src="/assets/${page}-[\\w-]+\\.js"`));
    pages.add(page);
    const sent = JSON.stringify(dataOf(html).texts);
    assert.equal(sent.includes(en.pages.dashboard.sessions.heading), page === 'dashboard');
    assert.equal(sent.includes(en.pages.devMail.empty), page === 'dev-mail');
    assert.ok(!sent.includes(en.mails.code.body));
  }
  const scripts = readdirSync(ASSETS).filter((name) => name.endsWith('.js'));
  // And one for all of the admin page.
  assert.equal(scripts.length, pages.size + 1);
});

test('no script and no style carries a sentence, an address of another host, or a source map', () => {
  const sentences = stringsIn(en).filter((text) => text.length > 12 && text.includes(' '));
  for (const name of readdirSync(ASSETS).filter((file) => /\.(js|css)$/.test(file))) {
    const content = readFileSync(join(ASSETS, name), 'utf8');
    for (const sentence of sentences) assert.ok(!content.includes(sentence), `${name}: ${sentence}`);
    assert.doesNotMatch(content, /sourceMappingURL|url\(["']?(https?:|data:|\/)/);
  }
});

test('every asset lies there plain, as brotli and as gzip', () => {
  const names = readdirSync(ASSETS);
  const plain = names.filter((name) => !/\.(br|gz)$/.test(name));
  assert.ok(plain.length > 0);
  for (const name of plain) assert.ok(names.includes(`${name}.br`) && names.includes(`${name}.gz`), name);
  for (const name of plain)
    assert.match(name, /-[\w-]{8}\.(js|css|svg)$/, 'the name changes with the content, so it may be cached for ever');
});

test('the renderer needs no npm package', () => {
  const bundle = readFileSync(join(DIST, 'server/render.js'), 'utf8');
  const imports = [...bundle.matchAll(/^import .*?["']([^"']+)["'];?$/gm)].map(([, name]) => name);
  assert.deepEqual(
    imports.filter((name) => !name?.startsWith('node:')),
    [],
  );
});

test('every form posts to a path that exists, with the token that guards it', () => {
  const before: readonly string[] = [
    PAGES.signIn,
    fillPath(PAGES.authCallback, { authProvider: 'github' }),
    PAGES.signUp,
    PAGES.forgot,
    PAGES.reset,
    PAGES.verifyEmail,
    PAGES.undoEmail,
    PAGES.verifySignIn,
    PAGES.notMe,
    PAGES.setup,
    PAGE_FORMS.verifyResend,
    PAGE_FORMS.verifyNotMe,
    PAGE_FORMS.verifyOtherAccount,
  ];
  const after: readonly string[] = [
    PAGES.signOut,
    PAGES.confirmEmail,
    PAGE_FORMS.setupOwn,
    PAGE_FORMS.dashboardPassword,
    PAGE_FORMS.dashboardEndSession,
    PAGE_FORMS.dashboardEndOthers,
    PAGE_FORMS.dashboardExtend,
    PAGE_FORMS.dashboardLeaveSite,
    PAGE_FORMS.dashboardEmail,
    PAGE_FORMS.dashboardUnlink,
    PAGE_FORMS.dashboardLink,
    PAGE_FORMS.dashboardName,
    PAGE_FORMS.dashboardExport,
    PAGE_FORMS.dashboardDelete,
    PAGES.dashboardProof,
    PAGE_FORMS.dashboardProofCode,
    PAGE_FORMS.dashboardProofProvider,
    PAGES.consent,
    PAGES.device,
    PAGE_FORMS.deviceAnswer,
    PAGE_FORMS.consentDeny,
    PAGE_FORMS.consentOtherAccount,
  ];
  // A rotation needs our own origin and no token, as POST refresh does.
  const byOrigin: readonly string[] = [PAGES.freshen];
  const seen = new Set<string>();
  for (const sample of sampleViews.filter(({ frame }) => frame?.formsWork !== false)) {
    for (const [, tag = '', content = ''] of htmlOf(sample).matchAll(/(<form[^>]*>)(.*?)<\/form>/gs)) {
      const action = attributesOf(tag).get('action') ?? '';
      assert.equal(attributesOf(tag).get('method'), 'post');
      const field = before.includes(action)
        ? FORM_FIELDS.form
        : after.includes(action)
          ? FORM_FIELDS.csrf
          : byOrigin.includes(action)
            ? 'returnTo'
            : assert.fail(`${sample.name}: ${action}`);
      assert.ok(content.includes(`name="${field}"`), `${sample.name}: ${action}`);
      seen.add(action);
    }
  }
  assert.deepEqual([...seen].sort(), [...before, ...after, ...byOrigin].sort());
});

test('a refused form says so in the title, at the field and in an alert, and shows again what was typed', () => {
  const sample = sampleViews.find(({ name }) => name === 'sign-in-refused');
  assert.ok(sample);
  const html = htmlOf(sample);
  assert.match(html, /<title>Error: /);
  assert.match(html, /role="alert" tabindex="-1" autofocus/);
  assert.ok(html.includes(en.errors.account_throttled) && html.includes('4 minutes'));
  const email = tagsOf(html).find((tag) => tag.startsWith('<input') && attributesOf(tag).get('name') === 'email');
  assert.ok(email);
  assert.equal(attributesOf(email).get('value'), 'ada@example');
  assert.equal(attributesOf(email).get('aria-invalid'), 'true');
  assert.match(html, new RegExp(`id="${attributesOf(email).get('aria-describedby')}">${en.fields.email_malformed}`));
});

test('"Keep me signed in" is ticked on a fresh page and stays unticked for whoever unticked it', () => {
  const ticked = (name: string): boolean => {
    const sample = sampleViews.find((other) => other.name === name);
    assert.ok(sample);
    const box = tagsOf(htmlOf(sample)).find((tag) => attributesOf(tag).get('name') === 'keep');
    assert.ok(box);
    return attributesOf(box).has('checked');
  };
  assert.equal(ticked('sign-in'), true);
  assert.equal(ticked('sign-in-refused'), false);
});

test('an error page tells an unknown status as 500, and believes a reason only when it belongs to the status', () => {
  const shown = (status: number, reason: 'retry' | 'wrong_credentials' | null): string =>
    renderPage({ page: 'error', status, reason }, sampleFrame);
  assert.ok(shown(418, null).includes(en.errorPages[500].title));
  assert.ok(shown(Number.NaN, null).includes(en.errorPages[500].title));
  assert.ok(shown(409, 'retry').includes(en.errors.retry));
  assert.ok(!shown(503, 'wrong_credentials').includes(en.errors.wrong_credentials));
  assert.ok(shown(401, null).includes(`href="${PAGES.signIn}"`));
});

test('on three hosts the pages point at each other and say what they need', () => {
  const sample = sampleViews.find(({ name }) => name === 'sign-in-three-hosts');
  assert.ok(sample);
  const html = htmlOf(sample);
  assert.match(html, /<noscript><p class="alert">[^<]*JavaScript/);
  assert.ok(html.includes(`href="https://example.com${PAGES.landing}"`));
  assert.ok(html.includes(`href="https://app.example.com${PAGES.signUp}"`));
  assert.ok(!html.includes(`name="${FORM_FIELDS.form}"`));
});

test('without JavaScript the log-out button stands in the page, and a held sign-in has a button that asks for its code', () => {
  const [dashboard, held] = ['dashboard', 'verify-held'].map((name) => sampleViews.find((sample) => sample.name === name));
  assert.ok(dashboard && held);
  assert.match(htmlOf(dashboard), new RegExp(`<form class="log-out"[^>]*action="${PAGES.signOut}"`));
  assert.ok(htmlOf(held).includes(en.pages.verifySignIn.request));
  assert.ok(!htmlOf(held).includes('one-time-code'), 'there is no code yet to be typed');
});
