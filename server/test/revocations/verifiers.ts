import assert from 'node:assert/strict';
import { OAUTH } from '@portico/protocol/routes';
import { createVerifier, type Needs, PorticoError, type Verifier, type VerifierOptions } from '@portico/server';
import type { Browser } from '../browser.ts';
import { basicOf, codeFor, type Site } from '../sites.ts';
import type { World } from '../world.ts';

/** A verifier of one site, in front of a server that listens. */
export function verifierOf(world: World, origin: string, site: Site, options: Partial<VerifierOptions> = {}): Verifier {
  return createVerifier({
    issuer: world.deps.config.origin,
    url: origin,
    audience: site.id,
    ...(site.secret === null ? {} : { clientSecret: site.secret }),
    now: world.clock.now,
    warn: () => undefined,
    ...options,
  });
}

/** The code that a request with this token is answered with; `200` and the user's id when it is let through. */
export async function asked(verifier: Verifier, token: string, needs: Needs = {}): Promise<string> {
  try {
    const user = await verifier.verify(new Request('http://site.example/', { headers: { authorization: `Bearer ${token}` } }), needs);
    return `200 ${user.id}`;
  } catch (error) {
    assert.ok(error instanceof PorticoError, String(error));
    return `${error.status} ${error.code}`;
  }
}

export interface SiteTokens {
  readonly access: string;
  readonly refresh: string;
  readonly sid: string;
}

/** Signs the browser in at a site, as the site's backend does with the code that came back. */
export async function signInAt(world: World, browser: Browser, site: Site, scope?: string): Promise<SiteTokens> {
  const { code, verifier, sid } = await codeFor(world, browser, site, scope === undefined ? {} : { scope });
  const answer = await world.app.inject({
    method: 'POST',
    url: OAUTH.token,
    headers: { authorization: basicOf(site), 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: site.redirectUri,
      code_verifier: verifier,
    }).toString(),
  });
  assert.equal(answer.statusCode, 200, answer.body);
  const body = answer.json<{ access_token: string; refresh_token: string }>();
  return { access: body.access_token, refresh: body.refresh_token, sid };
}

/** Asks again until the answer is another one. Fails after half a minute: what takes a second on a quiet machine may take longer on a busy one. */
export async function untilAnswered(expected: string, ask: () => Promise<string>): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (let got = await ask(); got !== expected; got = await ask()) {
    assert.ok(performance.now() < deadline, `${got} instead of ${expected}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
