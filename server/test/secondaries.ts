import { SSO } from '@portico/protocol/routes';
import type { NewClient } from '../src/clients/client.ts';
import type { Answered, Browser, CallOptions } from './browser.ts';
import { addSite, newVerifier, type Site } from './sites.ts';
import type { World } from './world.ts';

/** Secondary auth servers (seed 004) and their pages. */

export const SECONDARY_ORIGIN = 'https://game.example.net';

/** Registers a secondary auth server that nobody needs to be asked for, unless said otherwise. */
export async function addSecondary(world: World, id = 'game', given: Partial<NewClient> = {}): Promise<Site> {
  return addSite(world, id, { kind: 'secondary', confirmation: 'auto', origins: [SECONDARY_ORIGIN], ...given });
}

export interface Asked {
  readonly origin?: string;
  readonly challenge?: string;
  readonly headers?: CallOptions['headers'];
  readonly method?: 'GET' | 'HEAD';
  readonly query?: Readonly<Record<string, string>>;
}

/** What a script on a page of the secondary does in this browser: a fetch with credentials. */
export async function askTicket(
  browser: Browser,
  { origin = SECONDARY_ORIGIN, challenge, headers, method = 'GET', query }: Asked = {},
): Promise<Answered> {
  const asked = new URLSearchParams({ code_challenge: challenge ?? newVerifier().challenge, ...query });
  return browser.send(method, `${SSO.ticket}?${asked.toString()}`, undefined, {
    headers: { origin, 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors', ...headers },
  });
}

export interface GivenTicket {
  readonly ticket: string;
  readonly verifier: string;
}

export async function ticketFor(browser: Browser, origin: string = SECONDARY_ORIGIN): Promise<GivenTicket> {
  const { verifier, challenge } = newVerifier();
  const { body, text } = await askTicket(browser, { origin, challenge });
  if (typeof body['ticket'] !== 'string') throw new Error(`no ticket: ${text}`);
  return { ticket: body['ticket'], verifier };
}
