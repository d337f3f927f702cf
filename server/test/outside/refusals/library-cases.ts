import { type Begun, type Connected, type Library, reasonOf } from '../clients/library.ts';
import { oauth4webapi } from '../clients/oauth4webapi.ts';
import { openidClient } from '../clients/openid-client.ts';
import type { Bench } from './bench.ts';
import type { Case, GoodCase } from './case.ts';

/**
 * What a strict client refuses by itself needs something of the server to be refused by: `state` echoed, `iss` in every answer (RFC 9207),
 * the `nonce` in the ID token. The libraries say whether it is there.
 */

interface Visit {
  readonly site: Connected;
  readonly begun: Begun;
  /** As the server sent the browser back. */
  readonly back: URL;
}

/** One thing about a good visit is spoiled. */
const spoiled: Readonly<Record<string, (visit: Visit, bench: Bench) => Promise<unknown>>> = {
  'an answer with another state': ({ site, begun, back }) => site.finish(begun, withQuery(back, { state: 'another' })),
  'an answer without a state': ({ site, begun, back }) => site.finish(begun, withQuery(back, { state: null })),
  'an answer of another issuer': ({ site, begun, back }) => site.finish(begun, withQuery(back, { iss: 'https://another.example' })),
  'an answer that does not say who answers': ({ site, begun, back }) => site.finish(begun, withQuery(back, { iss: null })),
  'an answer without a code': ({ site, begun, back }) => site.finish(begun, withQuery(back, { code: null })),
  'the answer to an earlier visit': async ({ site, back }) => site.finish(await site.begin(), back),
  "another visit's code": async ({ site, begun, back }, bench) => {
    const another = await visitOf(bench, site);
    return site.finish(begun, withQuery(back, { code: another.back.searchParams.get('code') }));
  },
  "another visit's code and verifier, with this visit's nonce": async ({ site, begun }, bench) => {
    const another = await visitOf(bench, site);
    const nonce = Object.entries(begun.kept as object).filter(([name]) => /nonce/i.test(name));
    return site.finish({ ...another.begun, kept: { ...(another.begun.kept as object), ...Object.fromEntries(nonce) } }, another.back);
  },
};

const libraries: readonly ((bench: Bench) => readonly [Library, keyof Bench['sites']])[] = [
  () => [openidClient, 'web'],
  ({ signer }) => [oauth4webapi(signer.privateKey), 'signer'],
];

async function visit(bench: Bench, library: (typeof libraries)[number]): Promise<Visit> {
  const [made, name] = library(bench);
  return visitOf(bench, await made.connect(bench.server, bench.sites[name]));
}

async function visitOf(bench: Bench, site: Connected): Promise<Visit> {
  const begun = await site.begin();
  const { url } = await bench.ada.open(begun.address, { stopAt: ({ origin }) => origin !== bench.server.issuer });
  return { site, begun, back: url };
}

function withQuery(address: URL, change: Readonly<Record<string, string | null>>): URL {
  const changed = new URL(address);
  for (const [name, value] of Object.entries(change)) {
    if (value === null) changed.searchParams.delete(name);
    else changed.searchParams.set(name, value);
  }
  return changed;
}

const NAMES = ['openid-client', 'oauth4webapi'];

export const goodLibraries: readonly GoodCase[] = libraries.map((library, at) => ({
  name: `${NAMES[at]}: a good visit`,
  expected: '200',
  run: async (bench: Bench) => {
    const { site, begun, back } = await visit(bench, library);
    return (await site.finish(begun, back)).subject === '' ? 'nobody' : '200';
  },
}));

export const libraryCases: readonly Case[] = libraries.flatMap((library, at) =>
  Object.entries(spoiled).map(([what, spoil]) => ({
    name: `${NAMES[at]}: ${what}`,
    run: async (bench: Bench) =>
      spoil(await visit(bench, library), bench).then(
        () => '200',
        (error: unknown) => `refused: ${reasonOf(error)}`,
      ),
  })),
);
