/** Signs people in to a Portico database by the server's own functions, and tells the driver what their browsers would hold. */
import { chooseTexts } from '@portico/protocol/texts';
import { parseEmail } from '../../server/src/accounts/email.ts';
import { allowSignUp } from '../../server/src/accounts/sign-up-policy.ts';
import { insertVerifiedUser } from '../../server/src/accounts/user.ts';
import { createUserSession } from '../../server/src/auth/create-user-session.ts';
import type { Caller } from '../../server/src/caller.ts';
import { insertClient } from '../../server/src/clients/client.ts';
import { insertAuthenticationSecret } from '../../server/src/clients/client-secret.ts';
import { readConfig } from '../../server/src/config.ts';
import { insertCode } from '../../server/src/oauth/authorization-code.ts';
import { sha256, tokenHash } from '../../server/src/platform/crypto.ts';
import { silentLog } from '../../server/src/platform/log.ts';
import { openFamily } from '../../server/src/sessions/open-family.ts';
import { newFamilyId } from '../../server/src/sessions/refresh-token.ts';
import { createDeps } from '../../server/src/wire.ts';
import { CODE_REDIRECT, CODE_VERIFIER } from '../target.ts';
import { DURABILITY_OF, describeDurability } from './durability.ts';

const config = readConfig();
const { deps, database, close } = await createDeps(config, silentLog);
const browser: Caller = {
  requestId: 'bench',
  address: '127.0.0.1',
  userAgent: 'bench',
  network: '127.0.0.1',
  texts: chooseTexts(undefined),
  originHeader: config.apiOrigin,
  fetchSite: 'same-origin',
  fetchMode: null,
  cookies: {
    refresh: null,
    refreshOfApp: () => null,
    access: null,
    waiting: null,
    device: null,
    csrf: null,
    transaction: null,
    lastWay: null,
  },
  bearer: null,
  basic: null,
  dpopHeader: null,
  attemptHeader: null,
  csrfHeader: null,
};

/** As many at once as share a commit without waiting long for each other. */
const AT_ONCE = 16;
/** Whose refresh token each of them is to hold: that of the browser, or of a site that they were signed in to. */
const [, , , holder = 'browser'] = process.argv;
const site = holder === 'browser' ? null : await addSite(holder);
const wanted = Number(process.argv[2]);
/** Of codes each of a thousand people gets many. */
const people = Array.from({ length: holder === 'codes' ? Math.min(1000, wanted) : wanted }, (_, person) => person);
const held: string[] = [];
while (people.length > 0) held.push(...(await Promise.all(people.splice(0, AT_ONCE).map(signIn))));
const tokens = holder === 'codes' ? await issueCodes(held, wanted) : held;
// In a transaction, because the connection that writes must answer.
const durability = await database.transaction((tx) => tx.all(DURABILITY_OF[database.dialect]));
await close();
// Codes are megabytes, which take a while to leave.
process.send?.({ tokens, durability: describeDurability(durability[0]) }, () => process.disconnect?.());

/** The refresh cookie and the device cookie of somebody who has ticked "keep me signed in". */
async function signIn(person: number): Promise<string> {
  const email = parseEmail(`ada${person}@site.example`);
  const user = email && (await insertVerifiedUser(database, deps, allowSignUp(deps.config, email, null), `Ada ${person}`));
  if (!user) throw new Error('This database has been signed in to before.');
  const outcome = await createUserSession(deps, browser, { userId: user.id, uvRead: user.uv, amr: ['pwd'], persistence: 'kept' });
  if (outcome.kind !== 'signed_in') throw new Error('This sign-in waits for a code.');
  const { grant, refreshToken, newDevice } = outcome.issued;
  if (holder === 'codes') return `${grant.session.id} ${grant.user.id}`;
  return site === null ? `${refreshToken} ${newDevice}` : openSite(grant.session.id, site);
}

/** `public` names itself, `confidential` proves itself by a secret that the driver is told. */
async function addSite(kind: string): Promise<{ readonly id: string; readonly secret: string }> {
  const isPublic = kind !== 'confidential';
  const secret = isPublic ? '' : `pts_${deps.random(32).toString('base64url')}`;
  const authentication = isPublic ? 'none' : 'secret';
  await insertClient(
    database,
    { id: 'bench', name: 'Bench', kind: isPublic ? 'native' : 'web', authentication, redirectUris: [CODE_REDIRECT] },
    deps.now(),
  );
  if (!isPublic) await insertAuthenticationSecret(database, { id: 'bench', clientId: 'bench', hash: tokenHash(secret) }, deps.now());
  return { id: 'bench', secret };
}

async function openSite(sessionId: string, { id, secret }: { readonly id: string; readonly secret: string }): Promise<string> {
  const wanted = { id: newFamilyId(deps.random), sessionId, clientId: id, scope: 'profile', dpopKey: null, idleLife: null };
  const opened = await database.transaction((tx) => openFamily(tx, deps, wanted));
  if (opened === null) throw new Error('The site was not opened.');
  return secret === '' ? opened.family.refreshToken : `${opened.family.refreshToken} ${secret}`;
}

/** Codes as /oauth/authorize makes them, for sessions in turn; made for an hour from now, so that they live as long as the measurement. */
async function issueCodes(sessions: readonly string[], count: number): Promise<string[]> {
  const challenge = sha256(CODE_VERIFIER).toString('base64url');
  const codes = Array.from({ length: count }, () => `ptc_${deps.random(32).toString('base64url')}`);
  for (let from = 0; from < count; from += 500) {
    await database.transaction(async (tx) => {
      for (const [at, code] of codes.slice(from, from + 500).entries()) {
        const [sessionId = '', userId = ''] = (sessions[(from + at) % sessions.length] ?? '').split(' ');
        const bound = { clientId: 'bench', redirectUri: CODE_REDIRECT, challenge, scope: 'profile', nonce: null, dpopKey: '' };
        await insertCode(tx, { hash: tokenHash(code), sessionId, userId, ...bound }, deps.now() + 3_600_000);
      }
    });
  }
  return codes;
}
