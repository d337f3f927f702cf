import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { OAUTH, SITE_PATHS, SITE_PREFIX } from '@portico/protocol/routes';
import type { SiteOptions } from '@portico/server/site';
import type { NewClient } from '../../src/clients/client.ts';
import type { Db } from '../../src/platform/db.ts';
import type { Browser } from '../browser.ts';
import { forEachDatabase } from '../databases.ts';
import { freePort } from '../portico-process.ts';
import { addSite, type Site } from '../sites.ts';
import { openWorld, type World } from '../world.ts';
import { FRAMEWORKS, type Start } from './frameworks.ts';
import { type HandOnTheWire, handOnTheWire } from './wire.ts';

/** A Portico that listens, a site that is registered there, and people with browsers at both. */
export interface SiteStage {
  readonly world: World;
  readonly site: Site;
  /** Where the site is. */
  readonly base: string;
  readonly port: number;
  /** What goes from the site to Portico. */
  readonly wire: HandOnTheWire;
  /** What the site's kit is made with. */
  readonly options: SiteOptions;
  advance(milliseconds: number): void;
  /** Starts a process' worth of the site, with nothing in common with another but the settings. Answers where it is. */
  run(options?: Partial<SiteOptions> & { readonly at?: number; readonly start?: Start }): Promise<string>;
  /** Before Portico ends, the newest first. */
  defer(end: () => Promise<void>): void;
  close(): Promise<void>;
  /** A person who is signed in at Portico, with an empty jar at the site. */
  visitor(email: string): Promise<Visitor>;
}

export const sitePath = (name: keyof typeof SITE_PATHS) => SITE_PREFIX + SITE_PATHS[name];

export async function openSiteStage(db: Db, { id = 'notes', ...client }: Partial<NewClient> = {}): Promise<SiteStage> {
  const [at, port] = [await freePort(), await freePort()];
  const origin = `http://127.0.0.1:${at}`;
  let ahead = 0;
  const clock = { now: () => Date.now() + ahead, advance: (by: number) => void (ahead += by) };
  const world = await openWorld(db, { clock, config: { origin, appOrigin: origin, apiOrigin: origin } });
  await world.app.listen({ host: '127.0.0.1', port: at });
  const ends = [() => world.close()];
  const base = `http://127.0.0.1:${port}`;
  const redirectUris = [base + sitePath('callback')];
  const origins = client.kind === 'secondary' ? { origins: [base] } : {};
  const site = await addSite(world, id, { redirectUris, confirmation: 'auto', roles: ['editor'], ...origins, ...client });
  const wire = handOnTheWire();
  const stage: SiteStage = {
    world,
    site,
    base,
    port,
    wire,
    options: {
      issuer: origin,
      clientId: id,
      clientSecret: String(site.secret),
      baseUrl: base,
      now: clock.now,
      fetch: wire.fetch,
      warn: () => undefined,
    },
    advance: clock.advance,
    defer: (end) => void ends.push(end),
    close: async () => {
      for (const end of ends.toReversed()) await end();
    },
    run: async ({ at = port, start = FRAMEWORKS['node'], ...other } = {}) => {
      const options = { ...stage.options, ...other };
      assert.ok(start !== undefined);
      ends.push(await start(options, at));
      return `http://127.0.0.1:${at}`;
    },
    visitor: async (email) => visitorAt(base, world, await world.signedUp(email)),
  };
  return stage;
}

/** A test with a stage of its own on each database. */
export function onSite(name: string, body: (stage: SiteStage, t: TestContext) => Promise<void>, client: Partial<NewClient> = {}): void {
  forEachDatabase(name, async (open, t) => {
    const stage = await openSiteStage(await open(), client);
    try {
      await body(stage, t);
    } finally {
      await stage.close();
    }
  });
}

export interface Asked {
  readonly method?: string;
  readonly body?: string | URLSearchParams;
  /** `undefined` leaves out what a browser would say. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** The answer gets lost: no cookie arrives. */
  readonly lose?: boolean;
  /** Another process of the site. */
  readonly base?: string;
}

/** A person's browser at the site, with a jar of its own for that host; Portico's is in `portico`. */
export interface Visitor {
  readonly portico: Browser;
  readonly jar: Map<string, string>;
  ask(path: string, asked?: Asked): Promise<Response>;
  /** Begins at the site; answers the path, with a code, that Portico sends the browser back to. */
  toPortico(path?: string): Promise<string>;
  /** The same, and back again. Answers how the site answers its callback. */
  signIn(path?: string): Promise<Response>;
  /** What a thief gets who copies the jar. */
  copy(): Visitor;
}

export function visitorAt(base: string, world: World, portico: Browser, jar = new Map<string, string>()): Visitor {
  const visitor: Visitor = {
    portico,
    jar,
    ask: async (path, { method = 'GET', body, headers = {}, lose = false, base: at = base } = {}) => {
      const sent: Record<string, string | undefined> = {
        cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
        'sec-fetch-site': 'same-origin',
        ...headers,
      };
      const answer = await fetch(at + path, {
        method,
        redirect: 'manual',
        headers: Object.entries(sent).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]])),
        ...(body === undefined ? {} : { body }),
      });
      for (const line of lose ? [] : answer.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        if (/Max-Age=0/.test(line)) jar.delete(name);
        else jar.set(name, value);
      }
      return answer;
    },
    toPortico: async (path = sitePath('signIn')) => {
      const began = await visitor.ask(path);
      const away = new URL(began.headers.get('location') ?? '');
      assert.equal(away.origin + away.pathname, world.deps.config.origin + OAUTH.authorize);
      const answered = await portico.send('GET', away.pathname + away.search, undefined, { headers: { accept: 'text/html' } });
      const back = new URL(String(answered.headers['location']));
      assert.equal(back.origin, base, `${answered.status} ${back.href}`);
      return back.pathname + back.search;
    },
    signIn: async (path) => visitor.ask(await visitor.toPortico(path)),
    copy: () => visitorAt(base, world, portico, new Map(jar)),
  };
  return visitor;
}

/** Status and code of an answer. */
export async function said(answer: Response): Promise<string> {
  const { error = '' } = (await answer.json().catch(() => ({}))) as { readonly error?: string };
  return `${answer.status} ${error}`.trim();
}
