/** A defect that the heart must not have, as one change of its source, and the scenario that notices it. */
export interface Defect {
  readonly name: string;
  /** Stands in server/src exactly once. */
  readonly find: string;
  readonly replace: string;
  /** The name of the test that fails. */
  readonly caughtBy: string;
}

/** The ones that the protocol names: each of them has been shipped by somebody. */
export const NAMED: readonly Defect[] = [
  {
    name: 'the ring remembers one transition',
    find: 'export const RING_SIZE = 4;',
    replace: 'export const RING_SIZE = 1;',
    caughtBy: 'a cookie jar that falls back by one to four generations is healed by its stored attempts, however late',
  },
  {
    name: 'any attempt is a retry',
    find: 'if (attempt !== null && sameText(slot, attempt.slot)) return',
    replace: 'if (attempt !== null) return',
    caughtBy: 'no pending attempt copied, the thief comes first: the next request of the owner is held',
  },
  {
    name: 'nothing is delivered twice',
    find: 'if (attempt !== null && sameText(slot, attempt.slot)) return',
    replace: 'if (attempt !== null && sameText(slot, `-${attempt.slot}`)) return',
    caughtBy: 'a response that was lost is given again to the same attempt after 1 second',
  },
  {
    name: 'successors are random',
    find: ".update('rt').update(familyId)",
    replace: '.update(String(process.hrtime.bigint())).update(familyId)',
    caughtBy: 'two tabs that refresh at once get the same successor, and both stay signed in',
  },
  {
    name: 'the generation of the attempt is not looked at',
    find: "if (attempt !== null && attempt.gen !== token.gen) return { kind: 'retry' };",
    replace: '',
    caughtBy: 'a tab that read generation g while the cookie became g+1 is told to read again, and nothing changes',
  },
  {
    name: "the update does not ask whose client's token it is",
    find: 'where id = $1 and client_id = $2 and gen = $3',
    replace: "where id = $1 and $2 <> '' and gen = $3",
    caughtBy: 'a token of client B is worth nothing to client C nor as our own cookie, and nothing changes but the audit log',
  },
  {
    name: 'held is answered as ended',
    find: "if (family.state === 'held') return heldOrEnded(deps, family, now);",
    replace: '',
    caughtBy: 'a held session is not signed in anywhere, gives no data, and leads back to the code page',
  },
];

const CODE_TRY = `const row = await one(
    deps.db,
    \`update security_codes set tries_left = tries_left - 1
     where session_id = $1 and browser_hash = $2 and tries_left > 0 and expires_at > $3 and used_at is null
     returning code_hash, tries_left\`,
    [sessionId, browserHash, deps.now()],
  );`;

const CODE_TRY_AFTERWARDS = `const row = await one(
    deps.db,
    \`select code_hash, tries_left - 1 as tries_left from security_codes
     where session_id = $1 and browser_hash = $2 and tries_left > 0 and expires_at > $3 and used_at is null\`,
    [sessionId, browserHash, deps.now()],
  );
  if (row !== null)
    await deps.db.all('update security_codes set tries_left = tries_left - 1 where session_id = $1 and browser_hash = $2 and tries_left > 0', [
      sessionId,
      browserHash,
    ]);`;

/** And others worth having. */
export const OTHERS: readonly Defect[] = [
  {
    name: 'a token of another client is judged as if it were its own',
    find: 'if (family.clientId !== caller.clientId) {',
    replace: "if (family.clientId === '') {",
    caughtBy: 'a token of client B is worth nothing to client C nor as our own cookie, and nothing changes but the audit log',
  },
  {
    name: 'the update does not look at the device cookie',
    find: 'and (device_hash is null or device_hash = $7)',
    replace: 'and $7 = $7',
    caughtBy: 'a refresh cookie without the device cookie it is bound to, or with another one, is held at its first use',
  },
  {
    name: 'the judgement does not look at the device cookie',
    find: 'if (family.deviceHash !== null && family.deviceHash !== caller.deviceHash) return reuse(deps, caller, family);',
    replace: '',
    caughtBy: 'the wrong device cookie is held for a replayed link and without an attempt too',
  },
  {
    name: 'no token is young',
    find: 'const young = token.iat * 1000 + YOUNG_TOKEN > now;',
    replace: 'const young = now < 0;',
    caughtBy: 'five generations back is a burst while the token is young, and a theft when it is not',
  },
  {
    name: 'every token is young',
    find: 'const young = token.iat * 1000 + YOUNG_TOKEN > now;',
    replace: 'const young = now > 0;',
    caughtBy: 'five generations back is a burst while the token is young, and a theft when it is not',
  },
  {
    name: 'a token ahead of its row is a theft',
    find: 'if (distance < 0) return takeAhead(deps, caller, token, key, attempt, family, now);',
    replace: 'if (distance < 0) return reuse(deps, caller, family);',
    caughtBy: 'a database that lost its last 1 commit(s) takes the newer token, and a delayed sibling harms nobody',
  },
  {
    name: 'a transition whose attempt was lost is a theft',
    find: 'if (slot === BLANK) return',
    replace: 'if (slot === `-${BLANK}`) return',
    caughtBy: 'a database that lost its last 2 commit(s) takes the newer token, and a delayed sibling harms nobody',
  },
  {
    name: 'a lost attempt may be learnt twice',
    find: 'where id = $1 and gen = $2 and cur_hash = $3 and ring = $4 and state',
    replace: 'where id = $1 and gen = $2 and cur_hash = $3 and $4 = $4 and state',
    caughtBy: 'an old cookie after lost commits is taken at its word by one holder only, even if twenty come at once',
  },
  {
    name: 'a token that was taken ahead knows its lost attempts',
    find: 'ring: freshRing(slotOf(attempt))',
    replace: 'ring: slotOf(attempt).repeat(RING_SIZE)',
    caughtBy: 'a database that lost its last 1 commit(s) takes the newer token, and a delayed sibling harms nobody',
  },
  {
    name: 'the ring is not shifted',
    find: 'substr(ring, 1, ${(RING_SIZE - 1) * 22})',
    replace: 'substr(ring, 23)',
    caughtBy: 'a grand-parent token whose first word is an attempt of its own is a theft at once',
  },
  {
    name: 'a fork is not noticed',
    find: 'if (linkHash(current) !== family.curHash) return reuse(deps, caller, family);',
    replace: '',
    caughtBy: 'a token that fits no link of the chain (one link behind) is a fork: the family ends',
  },
  {
    name: 'the marker matches an attempt',
    find: 'distance === 1 && slot === NO_ATTEMPT &&',
    replace: 'distance === 1 &&',
    caughtBy: 'the marker and an attempt never match each other, so a thief cannot switch modes',
  },
  {
    name: 'a client without attempts is served again for ever',
    find: 'now < family.rotatedAt + REPLAY_WITHOUT_ATTEMPT',
    replace: 'now > 0',
    caughtBy: 'a public client and a browser without a device cookie get it again for sixty seconds, then wait, then raise the alarm',
  },
  {
    name: 'a client that proved itself is not served again for ever',
    find: 'return caller.authenticated || bound ||',
    replace: 'return bound ||',
    caughtBy: 'a client that proved who it is gets the same successor again at any time',
  },
  {
    name: 'a peek holds',
    find: "if (distance !== 0 && !recent) return { kind: 'retry' };",
    replace: `if (distance !== 0 && !recent) {
      await (await import('./hold-session.ts')).holdOrRevoke(deps, caller.from, family.sessionId);
      return { kind: 'retry' };
    }`,
    caughtBy: 'a fan-out that began before a rotation is served for two minutes, then asked to refresh, and never holds',
  },
  {
    name: 'a peek takes the previous link for ever',
    find: 'const recent = distance === 1 && now < family.rotatedAt + PEEK_PREVIOUS;',
    replace: 'const recent = distance === 1;',
    caughtBy: 'a peek is granted by the newest link, and by the one before it for two minutes, for both clients',
  },
  {
    name: 'a copied token of one site holds the whole session',
    find: "if (isFirstParty(family.clientId) || caller.reuseEnds === 'session') return holdOrRevoke(",
    replace: "if (family.clientId !== '') return holdOrRevoke(",
    caughtBy: "a copied token in another client's family ends that family, with its revocation, and nothing else",
  },
  {
    name: 'no revocation is written',
    find: "await tx.all('insert into revocations (",
    replace: "if (now < 0) await tx.all('insert into revocations (",
    caughtBy: 'a sign-out at one node is known at the other with its next reading of the revocations',
  },
  {
    name: 'the whole set of revocations is read once only',
    find: 'const whole = now >= mark.wholeAt + READ_ALL_EVERY || now < mark.wholeAt;',
    replace: 'const whole = mark.newest === 0;',
    caughtBy:
      'a revocation from a node whose clock is far behind is found with the next reading of the whole set, half a minute later at most',
  },
  {
    name: 'a code try is counted after it was compared',
    find: CODE_TRY,
    replace: CODE_TRY_AFTERWARDS,
    caughtBy: 'sixty-four wrong codes at once are five tries',
  },
  {
    name: 'the code of a held session is bound to a cookie that may be in the copied jar',
    find: "if (waiting.kind !== 'held' || (await findCode(deps.db, waiting.place)) !== null)",
    replace: "if (waiting.kind !== 'held' || waiting.place.browserHash !== '')",
    caughtBy: "the owner's code works in the owner's browser only, and a thief with the transaction cookie cannot kill it",
  },
  {
    name: 'the user version is not checked at the door',
    find: 'last_signin_at = $3 where id = $1 and uv = $2 and',
    replace: 'last_signin_at = $3 where id = $1 and uv >= $2 and',
    caughtBy: 'a password that was changed while it was being checked opens nothing',
  },
  {
    name: 'a family is made without looking at its session',
    find: "set touched_at = $2 where id = $1 and state = 'active' and expires_at > $2",
    replace: 'set touched_at = $2 where id = $1 and expires_at > $2',
    caughtBy: 'no family is born in a session that was signed out, is held, or is over',
  },
  {
    name: 'the CSRF token is not bound to its session',
    find: "!sameText(hmac(key.csrf, head, '.', subject).toString('base64url'), mac)",
    replace: "hmac(key.csrf, head, '.', subject).toString('base64url').length !== mac.length",
    caughtBy: 'a CSRF token of another session, even of the same user, opens nothing',
  },
  {
    name: 'the state of the session is not read after the rotation',
    find: "alive: session.state === 'active' && session.expiresAt > now",
    replace: 'alive: session.expiresAt > now',
    caughtBy: 'a sign-out between the rotation and its answer wins: no token leaves',
  },
  {
    name: 'a suspended user is served',
    find: "row['suspended_at'] === null && row['disabled_at'] === null",
    replace: "row['disabled_at'] === null",
    caughtBy: 'a suspended user gets session_ended from rotation, replay and peek, and comes back when the suspension is lifted',
  },
  {
    name: 'holding a session leaves its families alone',
    find: "await endFamiliesOfSession(tx, id, 'held', now);",
    replace: '',
    caughtBy: 'holding writes the state of all families, a revocation, an event and a notice without a code',
  },
  {
    name: 'an idle family rotates',
    find: "state = 'active' and expires_at > $8 and idle_at > $8",
    replace: "state = 'active' and expires_at > $8",
    caughtBy: 'with an idle limit of 14 days a browser that was away for 15 is signed out, and its cookie went a day before',
  },
  {
    name: 'an access token outlives its session',
    find: 'Math.min(provedAt + life, grant.session.expiresAt)',
    replace: '(provedAt + life)',
    caughtBy: 'nothing passes the absolute end: not daily refreshes, not extend-auth, not a token, not a cookie, not another client',
  },
  {
    name: 'the owner who comes back gets a session of full length',
    find: 'expiresAt: held.expiresAt,',
    replace: 'expiresAt: now + deps.config.sessionLife,',
    caughtBy: 'after the return the end of the session is the old one, to the millisecond',
  },
  {
    name: 'the owner who comes back keeps the old device cookie',
    find: 'freshDevice: true',
    replace: 'freshDevice: false',
    caughtBy: 'thief first: the owner sees the code page, gets in by the mailed code, and every copy of the thief stays dead',
  },
  {
    name: 'our own token is taken from a body',
    find: ' || isFirstParty(input.clientId)',
    replace: '',
    caughtBy: 'our own token is taken from its cookie only, never from a body',
  },
  {
    name: 'five families of a client live',
    find: 'export const LIVE_FAMILIES = 4;',
    replace: 'export const LIVE_FAMILIES = 5;',
    caughtBy: 'the newest four families of a client in a session live; older ones are ended and never alarm anybody',
  },
  {
    name: 'a soft extension sets a cookie that was just replaced',
    find: 'if (!peeked.isNewest || refreshToken === null)',
    replace: 'if (refreshToken === null)',
    caughtBy: 'extend-auth-soft by a tab whose cookie was just replaced sets none, or the browser would fall back to it',
  },
  {
    name: 'a sign-in leaves the former session of the browser alive',
    find: 'if (sessionId === null) return [];',
    replace: "if (sessionId !== '') return [];",
    caughtBy: "signing in ends the session that the browser's cookies named, and no other",
  },
];
