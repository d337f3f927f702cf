import assert from 'node:assert/strict';
import type { AccessClaims } from '@portico/protocol/tokens';
import { disableClient, enableClient } from '../../src/clients/retire-client.ts';
import { NOTHING_READ, readRevocations } from '../../src/revocations/watch.ts';
import { actFrom, addApp, askNone, callFrom, refreshFrom } from '../apps/apps.ts';
import type { Browser } from '../browser.ts';
import { claimsOf, sidOf } from '../families.ts';
import { ask, redeeming, refreshing, tokensOf } from '../oauth/ask.ts';
import { answerAt, askAuthorize, askOf } from '../oauth/asking.ts';
import { addSite, type Site } from '../sites.ts';
import { PASSWORD, type World } from '../world.ts';

/** One person, two browsers, three sites and an app in the browser, two nodes; and what is to be true of them, in the fewest words that say it. */

/** A site in one session, as the site sees it. */
interface Opened {
  refresh: string;
  access: AccessClaims;
  /** Nobody has ended it. */
  alive: boolean;
  idleAt: number;
}

interface SignIn {
  readonly id: string;
  readonly expiresAt: number;
  state: 'active' | 'held' | 'ended';
  /** Of the browser's own family. */
  idleAt: number;
  readonly sites: Map<number, Opened[]>;
}

/** The sign-in of an app that a browser's cookie holds, whichever of its sessions it hangs from. */
interface OpenedApp {
  readonly signIn: SignIn;
  gen: number;
  alive: boolean;
  idleAt: number;
}

export interface Act {
  readonly kind:
    | 'signIn'
    | 'open'
    | 'refreshSite'
    | 'refresh'
    | 'extend'
    | 'wait'
    | 'signOut'
    | 'signOutEverywhere'
    | 'leave'
    | 'revoke'
    | 'hold'
    | 'recover'
    | 'changePassword'
    | 'disable'
    | 'enable'
    | 'openApp'
    | 'refreshApp'
    | 'leaveApp';
  readonly browser: number;
  readonly site: number;
  readonly node: number;
  readonly milliseconds: number;
}

const CLI = { requestId: 'cli', address: '', userAgent: 'portico' };

/** Plays the acts, and looks after each whether everybody agrees. */
export async function play(nodes: readonly [World, World], name: string, acts: readonly Act[], idle: number): Promise<void> {
  const [first] = nodes;
  const { clock } = first;
  const email = `${name}@example.com`;
  let password = PASSWORD;
  const browsers: Browser[] = [await first.signedUp(email), first.browser()];
  const sites: Site[] = [];
  for (const letter of ['a', 'b', 'c']) sites.push(await addSite(first, `${name}-${letter}`, { confirmation: 'auto' }));
  const app = await addApp(first, `${name}-app`, { origin: `http://${name}.localhost:5173` });
  const apps: (OpenedApp | null)[] = [null, null];
  const disabled = new Set<number>();
  const all: SignIn[] = [];
  const current: (SignIn | null)[] = [null, null];

  const began = (browser: number, id: string, expiresAt = clock.now() + 30 * 86_400_000) => {
    const signIn: SignIn = { id, expiresAt, state: 'active', idleAt: clock.now() + idle, sites: new Map() };
    all.push(signIn);
    current[browser] = signIn;
  };
  const isLive = (signIn: SignIn | null) => signIn !== null && signIn.state === 'active' && clock.now() < signIn.expiresAt;
  const isOpen = (signIn: SignIn | null) => signIn !== null && isLive(signIn) && clock.now() < signIn.idleAt;
  const isGood = (signIn: SignIn, site: number, opened: Opened) =>
    isLive(signIn) && opened.alive && clock.now() < opened.idleAt && !disabled.has(site);
  const isAppOpen = (opened: OpenedApp | null | undefined): opened is OpenedApp =>
    opened != null && opened.alive && isLive(opened.signIn) && clock.now() < opened.idleAt;
  const endAt = (site: number) => {
    for (const signIn of all) for (const opened of signIn.sites.get(site) ?? []) opened.alive = false;
  };

  const perform: Readonly<
    Record<Act['kind'], (act: Act, browser: Browser, signIn: SignIn | null, site: Site, at: World) => Promise<void>>
  > = {
    signIn: async (act, browser, signIn) => {
      if (isOpen(signIn)) return;
      let answer = await browser.signIn(email, password);
      if (answer.body['status'] === 'UNVERIFIED') answer = await browser.call('verifySignIn', { securityCode: await first.codeFor(email) });
      if (signIn?.state === 'held') signIn.state = 'ended';
      if (answer.body['status'] === 'VERIFIED') began(act.browser, sidOf(answer));
    },
    // A single redirect, and nobody is asked anything.
    open: async (act, browser, signIn, site, at) => {
      if (isOpen(signIn)) await browser.refresh();
      // Of two that were opened at the same millisecond, either may give way to a fifth.
      clock.advance(1);
      const asked = askOf(site, { scope: 'openid offline_access' });
      const answer = await askAuthorize(browser, asked);
      if (disabled.has(act.site)) return assert.ok(answer.status >= 400, `a disabled site was answered ${answer.status}`);
      if (signIn === null || !isOpen(signIn)) {
        assert.ok(!String(answer.headers['location'] ?? '').includes('code='), 'nobody is signed in');
        return;
      }
      const { code = '' } = answerAt(site, answer);
      signIn.idleAt = clock.now() + idle;
      const tokens = tokensOf(await ask(at, 'token', site, redeeming(site, { code, verifier: asked.verifier })));
      const opened = { refresh: tokens.refreshToken, access: claimsOf(tokens.accessToken), alive: true, idleAt: clock.now() + idle };
      assert.equal(opened.access.sid, signIn.id);
      const others = signIn.sites.get(act.site) ?? [];
      // The fifth makes the oldest give way.
      const living = others.filter(({ alive }) => alive);
      if (living.length === 4 && living[0] !== undefined) others.splice(others.indexOf(living[0]), 1);
      signIn.sites.set(act.site, [...others, opened]);
    },
    refreshSite: async (act, _, signIn, site, at) => {
      for (const opened of signIn?.sites.get(act.site) ?? []) {
        const answer = await ask(at, 'token', site, refreshing(opened.refresh));
        if (signIn === null || !isGood(signIn, act.site, opened)) {
          assert.equal(answer.status, disabled.has(act.site) ? 401 : 400, answer.text);
          continue;
        }
        const tokens = tokensOf(answer);
        Object.assign(opened, { refresh: tokens.refreshToken, access: claimsOf(tokens.accessToken), idleAt: clock.now() + idle });
      }
    },
    refresh: async (_, browser, signIn) => {
      assert.equal((await browser.refresh()).status === 200, isOpen(signIn));
      if (signIn !== null && isOpen(signIn)) signIn.idleAt = clock.now() + idle;
    },
    extend: async (_, browser, signIn) => {
      const answer = await browser.call('extendSoft');
      assert.equal(answer.status === 204, isOpen(signIn), answer.text);
      if (signIn !== null && isOpen(signIn) && signIn.idleAt + 3_600_000 <= clock.now() + idle) signIn.idleAt = clock.now() + idle;
    },
    wait: async ({ milliseconds }) => clock.advance(milliseconds),
    signOut: async (_, browser, signIn) => {
      if (signIn === null || !isOpen(signIn)) return;
      assert.equal((await browser.act('signOut')).status, 204);
      signIn.state = 'ended';
    },
    signOutEverywhere: async (_, browser, signIn) => {
      if (!isOpen(signIn)) return;
      assert.equal((await browser.act('signOut', { everywhere: true })).status, 204);
      for (const each of all) each.state = 'ended';
    },
    leave: async (act, browser, signIn, site) => {
      if (signIn === null || !isOpen(signIn)) return;
      await browser.refresh();
      signIn.idleAt = clock.now() + idle;
      assert.equal((await browser.act('mySite', undefined, { params: { clientId: site.id } })).status, 204);
      endAt(act.site);
    },
    revoke: async (act, _, signIn, site, at) => {
      const all = signIn?.sites.get(act.site) ?? [];
      const [opened] = all;
      if (opened === undefined || signIn === null || disabled.has(act.site)) return;
      assert.equal((await ask(at, 'revoke', site, { token: opened.refresh })).status, 200);
      // What the site has in this session goes together.
      if (isLive(signIn)) for (const each of all) each.alive = false;
    },
    hold: async (_, browser, signIn) => {
      if (signIn === null || !isOpen(signIn)) return;
      assert.equal((await browser.copy({ address: '203.0.113.9' }).refresh()).status, 200);
      assert.equal((await browser.refresh()).body.error, 'session_held');
      signIn.state = 'held';
    },
    recover: async (act, browser, signIn) => {
      if (signIn?.state !== 'held') return;
      if ((await browser.call('resendCode')).status !== 200) return;
      const answer = await browser.call('verifySignIn', { securityCode: await first.codeFor(email) });
      if (answer.status !== 200) return;
      signIn.state = 'ended';
      began(act.browser, sidOf(answer), signIn.expiresAt);
      assert.notEqual(current[act.browser]?.id, signIn.id);
    },
    changePassword: async (act, browser, signIn) => {
      if (!isOpen(signIn)) return;
      await browser.refresh();
      if (signIn !== null) signIn.idleAt = clock.now() + idle;
      const newPassword = `${password} again`.slice(-60);
      const answer = await browser.act('myPassword', { currentPassword: password, newPassword });
      if (answer.status !== 200) return;
      password = newPassword;
      for (const each of all) each.state = 'ended';
      began(act.browser, sidOf(answer));
    },
    disable: async (act, _, __, site, at) => {
      if (disabled.has(act.site)) return;
      await disableClient(at.deps, CLI, site.id);
      disabled.add(act.site);
      endAt(act.site);
    },
    enable: async (act, _, __, site, at) => {
      if (!disabled.delete(act.site)) return;
      await enableClient(at.deps, CLI, site.id);
    },
    openApp: async (act, browser, signIn) => {
      if (isOpen(signIn)) await browser.refresh();
      clock.advance(1);
      const answer = await askAuthorize(browser, askNone(app));
      if (signIn === null || !isOpen(signIn)) return assert.ok(!String(answer.headers['location'] ?? '').startsWith(app.origin));
      signIn.idleAt = clock.now() - 1 + idle;
      assert.equal(answerAt(app, answer)['error'], undefined);
      const opened = apps[act.browser];
      if (isAppOpen(opened) && opened.signIn === signIn) return assert.deepEqual(answer.setCookies, []);
      apps[act.browser] = { signIn, gen: 0, alive: true, idleAt: clock.now() + idle };
    },
    refreshApp: async (act, browser) => {
      const opened = apps[act.browser];
      const answer = await refreshFrom(app, browser, { gen: opened?.gen ?? 0 });
      assert.equal(answer.status === 200, isAppOpen(opened), answer.text);
      if (!isAppOpen(opened)) return;
      assert.deepEqual([sidOf(answer), answer.body['expiresAt']], [opened.signIn.id, opened.signIn.expiresAt]);
      Object.assign(opened, { gen: opened.gen + 1, idleAt: clock.now() + idle });
    },
    leaveApp: async (act, browser) => {
      const opened = apps[act.browser];
      if (!isAppOpen(opened)) return;
      const { csrfToken } = (await callFrom(app, browser, 'session')).body;
      assert.equal((await actFrom(app, browser, 'signOut', csrfToken, { local: true })).status, 204);
      opened.alive = false;
    },
  };

  const first0 = await browsers[0]?.refresh();
  assert.ok(first0 !== undefined);
  began(0, sidOf(first0));
  for (const [step, act] of acts.entries()) {
    const [browser, site, at] = [browsers[act.browser], sites[act.site], nodes[act.node]];
    assert.ok(browser !== undefined && site !== undefined && at !== undefined);
    for (const each of browsers) each.app = at.app;
    await perform[act.kind](act, browser, current[act.browser] ?? null, site, at);
    for (const node of nodes) await readRevocations(node.deps, NOTHING_READ);
    await look(`after ${step}: ${act.kind}`);
  }

  async function look(when: string): Promise<void> {
    for (const node of nodes) {
      for (const [at, browser] of browsers.entries()) {
        browser.app = node.app;
        const { status } = (await browser.call('session')).body;
        assert.equal(status === 'VERIFIED', isOpen(current[at] ?? null), `${when}: browser ${at} is ${String(status)}`);
        const told = (await callFrom(app, browser, 'session')).body['status'];
        assert.equal(told === 'VERIFIED', isAppOpen(apps[at]), `${when}: the app in browser ${at} is ${String(told)}`);
      }
    }
    for (const signIn of all) {
      const families = await first.deps.db.all('select expires_at from refresh_tokens where session_id = $1', [signIn.id]);
      for (const row of families) assert.equal(row['expires_at'], signIn.expiresAt, `${when}: expiries differ`);
      for (const [number, list] of signIn.sites) {
        for (const opened of list) {
          const good = isGood(signIn, number, opened);
          const node = nodes[number % 2] ?? first;
          const site = sites[number];
          assert.ok(site !== undefined);
          if (!disabled.has(number)) {
            const { active } = (await ask(node, 'introspect', site, { token: opened.refresh })).body;
            assert.equal(active, good, `${when}: site ${number} of ${signIn.id}`);
          }
          if (opened.access.exp * 1000 <= clock.now()) continue;
          for (const each of nodes) assert.equal(each.deps.revoked.isRevoked(opened.access), !good, `${when}: the token of site ${number}`);
        }
      }
    }
  }
}
