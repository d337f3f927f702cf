import type { Defect } from './defects.ts';

/** What the grants of client sites must not lack. */
export const OF_SITES: readonly Defect[] = [
  {
    name: 'a code is redeemed by any client that replays it',
    find: 'if (found === null || found.clientId !== client.id) return null;',
    replace: 'if (found === null) return null;',
    caughtBy: 'a used code with a wrong verifier, a wrong address or another client ends nothing',
  },
  {
    name: 'a code is redeemed at any address',
    find: 'and redirect_uri = $3 and challenge = $4',
    replace: 'and $3 = $3 and challenge = $4',
    caughtBy: 'of client, redirect URI, verifier and age only all right together redeem a code, and no wrong one uses it up',
  },
  {
    name: 'a code is redeemed with any verifier',
    find: 'and redirect_uri = $3 and challenge = $4',
    replace: 'and redirect_uri = $3 and $4 = $4',
    caughtBy: 'of client, redirect URI, verifier and age only all right together redeem a code, and no wrong one uses it up',
  },
  {
    name: 'a code lives for ever',
    find: 'and used_at is null and expires_at > $6 returning hash',
    replace: 'and used_at is null and $6 = $6 returning hash',
    caughtBy: 'of client, redirect URI, verifier and age only all right together redeem a code, and no wrong one uses it up',
  },
  {
    name: 'a code is redeemed twice',
    find: 'and used_at is null and expires_at > $6 returning hash',
    replace: 'and expires_at > $6 returning hash',
    caughtBy: 'a code that comes again ends what it issued, at once and on this node too',
  },
  {
    name: 'a replayed code ends nothing',
    find: 'await endWhatItIssued(deps, from, use);',
    replace: '',
    caughtBy: 'a code that comes again ends what it issued, at once and on this node too',
  },
  {
    name: 'whoever has seen a code ends what it issued',
    find: 'code.redirectUri === use.redirectUri && code.challenge === use.challenge ? code',
    replace: 'code.redirectUri !== use.challenge ? code',
    caughtBy: 'a used code with a wrong verifier, a wrong address or another client ends nothing',
  },
  {
    name: 'a family is opened for a session that has ended',
    find: 'if (grant === null || !grant.alive) return null;\n  if (site.admit',
    replace: 'if (grant === null) return null;\n  if (site.admit',
    caughtBy: 'nobody redeems a code for a user who was suspended, or as a client that was disabled, in the meantime',
  },
  {
    name: 'a refresh token needs no key',
    find: 'and (dpop_key is null or dpop_key = $10)',
    replace: 'and $10 = $10',
    caughtBy: 'a public client that proves a key has a refresh token that is worth nothing without it',
  },
  {
    name: 'a code needs no key',
    find: "and (dpop_key = '' or dpop_key = $7)",
    replace: 'and $7 = $7',
    caughtBy: 'a code that was asked for with a key is redeemed with that key only, and the wrong one does not use it up',
  },
  {
    name: 'a proof of a key is good twice',
    find: 'if (!(await spendId(deps.db, `dpop',
    replace: 'if (deps.now() < 0 && !(await spendId(deps.db, `dpop',
    caughtBy: 'a proof is good once, on whichever node and however often at the same moment',
  },
  {
    name: 'a proof is good for any call',
    find: "if (htm !== 'POST' || !isHere(deps, htu, path)) throw refused();",
    replace: "if (htm !== 'POST') throw refused();",
    caughtBy: 'a proof that is not for this call, this moment and this key is refused before the token is looked at',
  },
  {
    name: 'the browser’s own token is spent by whoever names us',
    find: 'if (client === null || isFirstParty(client.client.id))',
    replace: 'if (client === null)',
    caughtBy: 'a refresh token is worth something to its own client only, and another client’s try changes nothing',
  },
  {
    name: 'a refresh widens its scope',
    find: 'if (!isWithin(asked, family.scope)) throw',
    replace: 'if (asked === "") throw',
    caughtBy: 'scope is narrowed and never widened, and a request that asks for more does not move the chain',
  },
  {
    name: 'a token is made for whoever is named',
    find: 'if (targets.some((target) => target !== undefined && target !== clientId))',
    replace: 'if (targets.length > 2)',
    caughtBy: 'no token is to be had for another audience, by whichever name it is asked for',
  },
  {
    name: 'a token that a site signs names any user',
    find: ' || family.userId !== sub) return null;',
    replace: ') return null;',
    caughtBy: 'a site that signs with its own secret is believed nothing: only a family of its own that lives opens anything',
  },
  {
    name: 'every client reads every token',
    find: 'if (verified === null || !mayRead(client, verified.client.id)) return null;',
    replace: 'if (verified === null || client.id === "") return null;',
    caughtBy: 'a living token is active to its own client, with the facts of now; whatever ends it makes it inactive at once',
  },
  {
    name: 'a family that has ended still stands behind its tokens',
    find: "if (family.state !== 'active' || family.expiresAt <= now || family.idleAt <= now) return null;",
    replace: '',
    caughtBy: 'tokens of a family that has ended are not active, and userinfo says nothing',
  },
  {
    name: 'anybody answers for a device',
    find: "where user_code_hash = $1 and user_id = $2 and state = 'waiting' and expires_at > $6",
    replace: "where user_code_hash = $1 and $2 <> '' and state = 'waiting' and expires_at > $6",
    caughtBy: 'only the account that typed the code may answer, and a code that nobody typed cannot be answered',
  },
  {
    name: 'a device is claimed by whoever comes last',
    find: 'and (user_id is null or user_id = $2)',
    replace: "and $2 <> ''",
    caughtBy: 'only the account that typed the code may answer, and a code that nobody typed cannot be answered',
  },
  {
    name: 'an approved device opens as many sessions as it asks for',
    find: "set state = 'used' where device_hash = $1 and client_id = $2 and state = 'approved'",
    replace: "set state = 'approved' where device_hash = $1 and client_id = $2 and state = 'approved'",
    caughtBy: 'of many devices with one approved code on two nodes one gets a session',
  },
  {
    name: 'an approval outlives a change of password',
    find: 'if ((await lockUserForSignIn(tx, userId, uvRead, now)) === null) throw new NotOpened();',
    replace: '',
    caughtBy: 'an approval is worth nothing once the password changed, the user was suspended or the game disabled',
  },
];
