/** Signs people in to a Portico database by the server's own functions, and tells the driver what their browsers would hold. */
import { chooseTexts } from '@portico/protocol/texts';
import { parseEmail } from '../../server/src/accounts/email.ts';
import { allowSignUp } from '../../server/src/accounts/sign-up-policy.ts';
import { insertVerifiedUser } from '../../server/src/accounts/user.ts';
import { createUserSession } from '../../server/src/auth/create-user-session.ts';
import type { Caller } from '../../server/src/caller.ts';
import { readConfig } from '../../server/src/config.ts';
import { silentLog } from '../../server/src/platform/log.ts';
import { createDeps } from '../../server/src/wire.ts';
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
  cookies: { refresh: null, access: null, waiting: null, device: null, csrf: null, transaction: null, lastWay: null },
  bearer: null,
  basic: null,
  dpopHeader: null,
  attemptHeader: null,
  csrfHeader: null,
};

/** As many at once as share a commit without waiting long for each other. */
const AT_ONCE = 16;
const people = Array.from({ length: Number(process.argv[2]) }, (_, person) => person);
const tokens: string[] = [];
while (people.length > 0) tokens.push(...(await Promise.all(people.splice(0, AT_ONCE).map(signIn))));
// In a transaction, because the connection that writes must answer.
const durability = await database.transaction((tx) => tx.all(DURABILITY_OF[database.dialect]));
await close();
process.send?.({ tokens, durability: describeDurability(durability[0]) });
process.disconnect?.();

/** The refresh cookie and the device cookie of somebody who has ticked "keep me signed in". */
async function signIn(person: number): Promise<string> {
  const email = parseEmail(`ada${person}@site.example`);
  const user = email && (await insertVerifiedUser(database, deps, allowSignUp(deps.config, email, null), `Ada ${person}`));
  if (!user) throw new Error('This database has been signed in to before.');
  const outcome = await createUserSession(deps, browser, { userId: user.id, uvRead: user.uv, amr: ['pwd'], persistence: 'kept' });
  if (outcome.kind !== 'signed_in') throw new Error('This sign-in waits for a code.');
  return `${outcome.issued.refreshToken} ${outcome.issued.newDevice}`;
}
