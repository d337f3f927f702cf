import { DEMO_CLIENTS, DEMO_LISTENER, type DemoClient, type DemoPlaces, type DemoSecrets, demoClientId } from '@portico/protocol/demo';
import { SITE_PATHS, SITE_PREFIX } from '@portico/protocol/routes';
import { type ClientWish, checkClient } from '../clients/check-client.ts';
import { type Client, findClient } from '../clients/client.ts';
import { sentencesOf } from '../clients/client-problem.ts';
import { isAuthenticationSecret, listSigningSecrets } from '../clients/client-secret.ts';
import { registerClient } from '../clients/register-client.ts';
import { removeClient } from '../clients/retire-client.ts';
import type { Deps } from '../deps.ts';
import { tokenHash } from '../platform/crypto.ts';
import { openSigningSecret } from '../sessions/access-token.ts';
import { commandLine } from './command-line.ts';
import { type KeptSecrets, readDemoSecrets, writeDemoSecrets } from './demo-secrets.ts';

/**
 * Registers the apps of the demo where they live today. What is right stays as it is, so that neither sign-ins nor secrets end with a
 * restart; what is not, because a port was taken or a secret was lost, is removed and registered anew. Throws when that is refused.
 */
export async function registerDemo(deps: Deps, places: DemoPlaces): Promise<KeptSecrets> {
  const kept = readDemoSecrets(deps.config.dataDir);
  const wishes = demoWishes(places);
  const right = new Set<DemoClient>();
  for (const { client, wish } of wishes) if (await isRight(deps, wish, kept[client] ?? {})) right.add(client);
  if (right.size === wishes.length) return kept;
  const wrong = wishes.filter(({ client }) => !right.has(client));
  // All of them first: an app may take the port, and so the origin, that another one had yesterday.
  for (const { wish } of wrong) await removeClient(deps, commandLine(deps), wish.id);
  const secrets: Partial<Record<DemoClient, DemoSecrets>> = { ...kept };
  for (const { client, wish } of wrong) {
    const done = await registerClient(deps, commandLine(deps), wish);
    if (done.kind === 'refused') throw new Error(`the demo cannot be registered: ${sentencesOf(done.problems).join('; ')}`);
    secrets[client] = {
      ...(done.secret === null ? {} : { clientSecret: done.secret.secret }),
      ...(done.signingSecret === null ? {} : { jwtSecret: done.signingSecret.secret }),
    };
  }
  writeDemoSecrets(deps.config.dataDir, secrets);
  return secrets;
}

/** With the demo turned off nothing of it stays: no site, and no sign-in at one. */
export async function removeDemo(deps: Deps): Promise<void> {
  for (const id of DEMO_CLIENTS.map(demoClientId))
    if ((await findClient(deps.db, id)) !== null) await removeClient(deps, commandLine(deps), id);
}

interface DemoWish {
  readonly client: DemoClient;
  readonly wish: ClientWish & { readonly id: string };
}

/** Portico asks nobody whether they trust the demo, except for the game, which nothing proves to be itself: there it always asks. */
function demoWishes({ origins, ports }: DemoPlaces): readonly DemoWish[] {
  const backend = (app: 'notes' | 'wiki', wish: Partial<ClientWish>): Partial<ClientWish> => ({
    kind: 'web',
    redirectUris: [`${origins[app]}${SITE_PREFIX}${SITE_PATHS.callback}`],
    postLogoutUris: [`${origins[app]}/`],
    // Only browsers know the names below `localhost`.
    backchannelLogoutUri: `http://127.0.0.1:${ports[app]}${SITE_PREFIX}${SITE_PATHS.backchannelLogout}`,
    ...wish,
  });
  const page = (app: 'rtk' | 'snake'): Partial<ClientWish> => ({
    kind: 'spa',
    origins: [origins[app]],
    redirectUris: [`${origins[app]}/`],
    postLogoutUris: [`${origins[app]}/`],
  });
  const wishes: Readonly<Record<DemoClient, Partial<ClientWish> & { readonly name: string }>> = {
    notes: { name: 'Demo Notes', ...backend('notes', { accessAlg: 'HS256' }) },
    wiki: { name: 'Demo Wiki', ...backend('wiki', { accessAlg: 'ES256' }) },
    rtk: { name: 'Demo RTK app', ...page('rtk') },
    snake: { name: 'Demo Snake', ...page('snake') },
    secondary: {
      name: 'Demo Secondary',
      kind: 'secondary',
      origins: [origins.secondary],
      redirectUris: [`${origins.secondary}${SITE_PREFIX}${SITE_PATHS.callback}`],
    },
    [DEMO_LISTENER]: { name: 'Demo listener', kind: 'machine', audiences: [demoClientId('rtk'), demoClientId('snake')] },
  };
  return DEMO_CLIENTS.map((client) => ({
    client,
    wish: {
      kind: 'web',
      ...(client === DEMO_LISTENER ? {} : { confirmation: 'auto' as const }),
      ...wishes[client],
      id: demoClientId(client),
    },
  }));
}

async function isRight(deps: Deps, wish: DemoWish['wish'], kept: DemoSecrets): Promise<boolean> {
  const client = await findClient(deps.db, wish.id);
  if (client === null || !isAsWished(client, wish)) return false;
  const { clientSecret, jwtSecret } = kept;
  const now = deps.now();
  if (client.authentication === 'secret') {
    if (clientSecret === undefined || !(await isAuthenticationSecret(deps.db, client.id, tokenHash(clientSecret), now))) return false;
  }
  if (client.accessAlg !== 'HS256') return true;
  const living = (await listSigningSecrets(deps.db, client.id, now)).map((sealed) => openSigningSecret(deps, sealed).bytes);
  // What signs tomorrow counts too: an operator may be trying out the rotation.
  return living.at(-1)?.toString() === jwtSecret;
}

/** `disabledAt` is not compared: who has disabled a site to see what happens finds it so. */
function isAsWished(client: Client, wish: ClientWish): boolean {
  const checked = checkClient(wish);
  if (checked.kind === 'bad') return false;
  return Object.entries(checked.client).every(([field, value]) => JSON.stringify(client[field as keyof Client]) === JSON.stringify(value));
}
