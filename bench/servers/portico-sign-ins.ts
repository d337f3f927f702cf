/** Signs people in to a Portico database by the server's own functions, and tells the driver what their browsers would hold. */
import { randomBytes } from 'node:crypto';
import { chooseTexts } from '@portico/protocol/texts';
import type { Caller } from '../../server/src/auth/caller.ts';
import { createUserSession } from '../../server/src/auth/create-user-session.ts';
import { parseEmail } from '../../server/src/auth/email.ts';
import { insertVerifiedUser } from '../../server/src/auth/user.ts';
import { readConfig } from '../../server/src/config.ts';
import type { Deps } from '../../server/src/deps.ts';
import { loadKeyring } from '../../server/src/keys/rotate-keys.ts';
import { silentLog } from '../../server/src/platform/log.ts';
import { openDatabase } from '../../server/src/platform/open-database.ts';
import { createPasswordHasher } from '../../server/src/platform/password-hasher.ts';
import { createRevokedSet } from '../../server/src/platform/revoked-set.ts';
import { DURABILITY_OF, describeDurability } from './durability.ts';

const config = readConfig();
const db = openDatabase(config);
const now = Date.now;
const deps: Deps = {
  config,
  db,
  keys: await loadKeyring({ db, now, config }),
  hasher: createPasswordHasher(),
  revoked: createRevokedSet(),
  log: silentLog,
  now,
  random: randomBytes,
  mailWaits: () => undefined,
  afterAnswer: () => undefined,
};
const browser: Caller = {
  requestId: 'bench',
  address: '127.0.0.1',
  userAgent: 'bench',
  network: '127.0.0.1',
  texts: chooseTexts(undefined),
  originHeader: config.apiOrigin,
  fetchSite: 'same-origin',
  cookies: { refresh: null, access: null, waiting: null, device: null, csrf: null, transaction: null },
  bearer: null,
  attemptHeader: null,
  csrfHeader: null,
};

/** As many at once as share a commit without waiting long for each other. */
const AT_ONCE = 16;
const people = Array.from({ length: Number(process.argv[2]) }, (_, person) => person);
const tokens: string[] = [];
while (people.length > 0) tokens.push(...(await Promise.all(people.splice(0, AT_ONCE).map(signIn))));
// In a transaction, because the connection that writes must answer.
const durability = await db.transaction((tx) => tx.all(DURABILITY_OF[db.dialect]));
await db.close();
process.send?.({ tokens, durability: describeDurability(durability[0]) });
process.disconnect();

/** The refresh cookie and the device cookie of somebody who has ticked "keep me signed in". */
async function signIn(person: number): Promise<string> {
  const email = parseEmail(`ada${person}@site.example`);
  const user = email && (await insertVerifiedUser(db, deps, { email, displayName: `Ada ${person}` }));
  if (!user) throw new Error('This database has been signed in to before.');
  const issued = await createUserSession(deps, browser, { userId: user.id, uvRead: user.uv, amr: ['pwd'], persistence: 'kept' });
  return `${issued.refreshToken} ${issued.newDevice}`;
}
