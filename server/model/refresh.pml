/*
 * The refresh-token protocol (docs/protocol.md, section 2: attempt-bound deterministic chain) as a model for `spin`.
 * README.md beside this file says what is modelled, what is left out, and which configuration proves what.
 *
 * Reading help
 *  - One SQL statement is one atomic step. Between two statements of a request everything else may run.
 *  - A token is its generation and its secret. The chain is deterministic, so a secret is written as the branch of the chain
 *    that it lies on; without a mutant there is one branch, 0.
 *  - Only differences of generations matter. When `gen` passes TOP, the whole world is renumbered one lower, so a finite model
 *    covers chains of every length; TOP behind means "too old", whatever the real distance.
 */

#ifndef TABS
#define TABS 2                  /* requests that one browser may have under way at once */
#endif
#ifndef R
#define R 4                     /* transitions that the ring remembers */
#endif
#ifndef WINDOW
#define WINDOW 4                /* I1's premise: no copy older than this many rotations (unless younger than 120 s) */
#endif
#ifndef TOP
#define TOP 5
#endif

#ifdef PENDING
#define PENDING_COPIED true     /* the theft copies the attempt store as well */
#else
#define PENDING_COPIED false
#endif

#if defined(THIEF) || defined(OTHER_CLIENT)
#define PARTIES (TABS + 1)      /* the last party is no tab */
#else
#define PARTIES TABS
#endif
#define IS_TAB(i) (i < TABS)

#define NOTHING 15              /* no generation */

/* An attempt is who chose it and for which generation: 128 random bits that nobody else guesses. */
#define BLANK 0
#define MARKER 1                /* what the ring records for a request without the header */
#define NO_ATTEMPT 1
#define BROWSER 16
#define STRANGER 128
#define ATTEMPT(who, g) (who + g)
#define ATTEMPT_GEN(a) (a & 15)

mtype = { ACTIVE, HELD, REVOKED };
mtype = { NOBODY, VICTIM, TAKER };

typedef Family { byte gen; byte cur; byte ring[R]; mtype state };    /* state: one commit changes session and families together */
typedef Request { byte gen; byte secret; byte attempt; bool foreign; bool wrote; byte seen };
typedef Token { byte gen; byte secret };

Family family;
Request request[PARTIES];       /* on its way; once served it carries the token of the answer */
Token jar;                      /* the browser's cookie, shared by its tabs */
byte stored;                    /* the browser's attempt store: one bit a generation, the value is ATTEMPT(BROWSER, g) */
byte old;                       /* tokens of a generation below this are older than 120 s */

bool stolen, signed_out;
byte known, copied;             /* the thief's tokens and copied attempts, one bit a generation */

/* What only the properties look at. */
byte issued[TOP + 1];           /* I3, I4: the secret that was minted for each generation */
byte alone;                     /* 1 + the tab that asks with the jar's token while no other request is under way */
mtype hand;                     /* I2: who made the newest fresh rotation since the theft */
bool carried;                   /* I2: a redelivery has carried the other one over it */
bool taken;                     /* I2: the thief has made a fresh rotation */
byte disguises;                 /* I2: the thief's rotations under a copied attempt */
mtype served;                   /* detection: who received a token last */

#ifdef DETECTION
#define NOTE_SERVED(who) served = who
#else
#define NOTE_SERVED(who) skip
#endif

#ifdef MOST_CHANGES
byte changes;                   /* I2, read literally: how often hands changed */
#endif
#ifdef LOSSLESS
#define LOSES(i) (IS_TAB(i) && !stolen)
#else
#define LOSES(i) IS_TAB(i)
#endif

#ifdef CRASHES
Token disk;                     /* what the browser's cookies fall back to after a crash */
#endif
#ifdef LOST
typedef Commit { byte gen; byte cur; byte ring[R] };
Commit before[LOST];            /* the row as it was 1, 2, … commits ago */
byte kept, lost;
#endif
#ifdef RANDOM_SUCCESSORS
byte coin;
#define TOSS(secret) coin = coin % 3 + 1; secret = coin
#endif

/* ---- the mutants: each weakens one rule; the check must catch every one ---- */

#ifdef NO_GEN_CHECK
#define GEN_FITS(i) true
#else
#define GEN_FITS(i) (request[i].attempt == NO_ATTEMPT || ATTEMPT_GEN(request[i].attempt) == request[i].gen)
#endif
#ifdef NO_CLIENT_CHECK
#define CLIENT_FITS(i) true
#else
#define CLIENT_FITS(i) (!request[i].foreign)
#endif
#ifdef NO_STATE_CHECK
#define LIVES true
#else
#define LIVES (family.state == ACTIVE)
#endif
#ifdef RANDOM_SUCCESSORS
#define SAME_CHAIN(i) true      /* a server that kept only a hash has no chain to walk */
#else
#define SAME_CHAIN(i) (request[i].secret == family.cur)
#endif
#if defined(NO_ATTEMPT_CHECK)
#define SAME_ATTEMPT(i) true
#elif defined(MODES_MIX)
#define SAME_ATTEMPT(i) (family.ring[D(i) - 1] == request[i].attempt || family.ring[D(i) - 1] == MARKER)
#else
#define SAME_ATTEMPT(i) (request[i].attempt != NO_ATTEMPT && family.ring[D(i) - 1] == request[i].attempt)
#endif
#ifdef HELD_AS_ENDED
#define TELL_HELD(i) tell_ended(i)
#else
#define TELL_HELD(i) tell_held(i)
#endif
#ifdef STORE_PER_TAB
#define CHOSEN_BY(i) (BROWSER + 16 * i)
#else
#define CHOSEN_BY(i) BROWSER
#endif

/* ---- time and the honest client's premise ---- */

#define D(i) (family.gen - request[i].gen)

#ifdef THIEF
#define YOUNG(i) true           /* both at once: the age of a thief's token is chosen anew at every look, which covers every clock */
#define OLD(i) true
#else
#define YOUNG(i) (request[i].gen >= old)
#define OLD(i) (request[i].gen < old)
#endif

/* Would a copy of generation g still be no older than WINDOW rotations, or younger than 120 s, if the row came to `top`, the clock to `age`? */
#ifdef THIEF
#define RECENT(g, top, age) (g == NOTHING || top - g <= WINDOW)
#else
#define RECENT(g, top, age) (g == NOTHING || top - g <= WINDOW || g >= age)
#endif
#if TABS == 1
#define TABS_RECENT(top, age) RECENT(request[0].gen, top, age)
#elif TABS == 2
#define TABS_RECENT(top, age) (RECENT(request[0].gen, top, age) && RECENT(request[1].gen, top, age))
#else
#define TABS_RECENT(top, age) (RECENT(request[0].gen, top, age) && RECENT(request[1].gen, top, age) && RECENT(request[2].gen, top, age))
#endif
#ifdef CRASHES
#define JAR_RECENT(top, age) (RECENT(jar.gen, top, age) && RECENT(disk.gen, top, age))
#else
#define JAR_RECENT(top, age) RECENT(jar.gen, top, age)
#endif
#define PREMISE(top, age) (stolen || (JAR_RECENT(top, age) && TABS_RECENT(top, age)))

/* ---- bookkeeping ---- */

#define LOWER(g) g = (g == 0 || g == NOTHING -> g : g - 1)
#define LOWER_ATTEMPT(a) a = (a == NO_ATTEMPT || ATTEMPT_GEN(a) == 0 -> a : a - 1)

inline renumber() {
  if
  :: family.gen > TOP ->
    family.gen--;
    for (k : 0 .. R - 1) { LOWER_ATTEMPT(family.ring[k]) }
    for (k : 0 .. PARTIES - 1) { LOWER(request[k].gen); LOWER(request[k].seen); LOWER_ATTEMPT(request[k].attempt) }
    LOWER(jar.gen); LOWER(old);
    stored = stored >> 1; copied = copied >> 1; known = (known >> 1) | (known & 1);
    for (k : 1 .. TOP) { issued[k - 1] = issued[k] }
    issued[TOP] = NOTHING;
#ifdef CRASHES
    LOWER(disk.gen);
#endif
#ifdef LOST
    for (k : 0 .. LOST - 1) {
      LOWER(before[k].gen);
      for (m : 0 .. R - 1) { LOWER_ATTEMPT(before[k].ring[m]) }
    }
#endif
  :: else
  fi
}

#ifdef LOST
inline copy_commit(to, from) {
  to.gen = from.gen; to.cur = from.cur;
  for (m : 0 .. R - 1) { to.ring[m] = from.ring[m] }
}
#endif

inline remember_commit() {
#ifdef LOST
  for (k : 1 .. LOST - 1) { copy_commit(before[LOST - k], before[LOST - k - 1]) }
  copy_commit(before[0], family);
  kept = (kept < LOST - lost -> kept + 1 : kept);
  for (k : kept .. LOST - 1) { copy_commit(before[k], before[LOST - 1]); before[k].gen = 0 }
#else
  skip
#endif
}

/*
 * I2. Fresh: under an attempt that only its sender knows. A rotation under a copied pending attempt belongs to nobody: the one disguise.
 * Hands change only by a redelivery that carries its receiver over the other's rotation, and without a copied pending attempt a thief
 * who did not come first never comes at all.
 */
inline note_rotation(i) {
#ifdef THIEF
  if
  :: !stolen
  :: stolen && (copied >> request[i].gen) & 1 && request[i].attempt == ATTEMPT(BROWSER, request[i].gen) ->
    disguises = (IS_TAB(i) -> disguises : disguises + 1);
    assert(disguises <= 1)
  :: else ->
    if
    :: hand == (IS_TAB(i) -> TAKER : VICTIM) ->
#ifdef REPLAY_OWN_SUCCESSOR
      assert(hand == NOBODY);
#endif
#ifdef MOST_CHANGES
      changes++;
      assert(changes <= MOST_CHANGES);
#endif
      assert(carried);
      assert(IS_TAB(i) || taken || PENDING_COPIED)
    :: else
    fi;
    hand = (IS_TAB(i) -> VICTIM : TAKER); taken = taken || !IS_TAB(i); carried = false
  fi
#else
  skip
#endif
}

inline note_redelivery(i) {
#ifdef THIEF
  for (k : 0 .. D(i) - 2) {
    carried = carried || (hand == (IS_TAB(i) -> TAKER : VICTIM) && (family.ring[k] / 16 == BROWSER / 16) != IS_TAB(i))
  }
  k = 0
#else
  skip
#endif
}

/* The only write: gen, cur_hash and ring move together, in one statement. */
inline rotate(i, keep_ring) {
  assert(!request[i].wrote);                                              /* I5 */
  assert(request[i].gen + 1 > family.gen);                                /* I4 */
  note_rotation(i);
  remember_commit();
  for (k : 1 .. R - 1) { family.ring[R - k] = (keep_ring -> family.ring[R - k - 1] : BLANK) }
  family.ring[0] = request[i].attempt;
  family.gen = request[i].gen + 1;
#ifdef RANDOM_SUCCESSORS
  TOSS(family.cur);
#endif
  request[i].gen = family.gen; request[i].secret = family.cur; request[i].attempt = BLANK; request[i].wrote = true;
  renumber();
  assert(issued[family.gen] == NOTHING || issued[family.gen] == family.cur);  /* I3 */
  issued[family.gen] = family.cur;
  k = 0; m = 0
}

/* Once held, no token and no attempt is looked at again: what only the thief's choices and I2 need is dropped. */
inline hold() { family.state = HELD; hand = NOBODY; carried = false; taken = false; disguises = 0; copied = 0; known = 1 }

/* ---- the answers ---- */

inline forget(i) {
  request[i].gen = NOTHING; request[i].secret = 0; request[i].attempt = BLANK; request[i].wrote = false; request[i].seen = 0;
  alone = (alone == i + 1 -> 0 : alone)
}

/* ROTATED or REPLAYED. To a tab the answer travels, for as long as the premise allows; the thief loses nothing and no time. */
inline tell_token(i) {
  assert(family.state == ACTIVE);                                         /* I6 */
  assert(!request[i].foreign);
  assert(issued[request[i].gen] == request[i].secret);                    /* I3 */
  request[i].attempt = BLANK; request[i].wrote = false;
  if
  :: IS_TAB(i) -> goto ANSWER
  :: !IS_TAB(i) -> known = known | (1 << request[i].gen); NOTE_SERVED(TAKER); forget(i); goto endCHOOSE
  fi
}

/* The others carry no token, so their journey matters to nobody: the party asks again. */
inline tell_retry(i) { assert(alone != i + 1); forget(i); goto endCHOOSE }     /* who asks alone, with what it holds, is served */
inline tell_invalid(i) { assert(request[i].foreign); forget(i); goto endCHOOSE }  /* I1 */
inline tell_ended(i) { assert(signed_out); forget(i); goto endCHOOSE }         /* I1; and a held session is never called ended */
inline tell_held(i) { assert(stolen); forget(i); goto endCHOOSE }              /* I1 */

/* ---- those who ask ---- */

/* A tab reads the generation and puts an attempt into the shared store if there is none, before it sends. */
inline choose_attempt(i) {
#ifdef NO_HEADER
  request[i].attempt = NO_ATTEMPT
#else
  request[i].attempt = ATTEMPT(CHOSEN_BY(i), jar.gen);
  stored = (stolen -> 0 : stored | (1 << jar.gen))
#endif
}

/* The browser adds whatever cookie it holds when the request leaves. A tab that gives up waiting and asks again is another tab to us. */
inline attach_cookie(i) {
  request[i].gen = jar.gen; request[i].secret = jar.secret;
  alone = (stolen || !GEN_FITS(i) || D(i) > WINDOW -> 0 : i + 1);
  for (k : 0 .. TABS - 1) { alone = (k != i && request[k].gen != NOTHING -> 0 : alone) }
  k = 0
}

inline steal() {
  stolen = true; known = 1 << jar.gen; alone = 0;
#ifdef PENDING
  copied = (stored >> jar.gen) << jar.gen;
#endif
  stored = 0
}

/* The thief presents any token he has, with an attempt of his own, a copied one, or none. */
inline scheme(i) {
  if
  :: known & 1 -> request[i].gen = 0
  :: known & 2 -> request[i].gen = 1
  :: known & 4 -> request[i].gen = 2
  :: known & 8 -> request[i].gen = 3
  :: known & 16 -> request[i].gen = 4
  :: known & 32 -> request[i].gen = 5
  fi;
  if
  :: request[i].attempt = ATTEMPT(STRANGER, request[i].gen)
  :: request[i].attempt = NO_ATTEMPT
  :: (copied >> request[i].gen) & 1 -> request[i].attempt = ATTEMPT(BROWSER, request[i].gen)
  fi
}

/* One party asks, is served or loses the exchange, and asks again, for ever. The labels are the lines of the protocol text. */
proctype Party(byte i) {
  byte k, m;

endCHOOSE:
  atomic {
    if
    :: IS_TAB(i) -> choose_attempt(i)
#ifdef THIEF
    :: !IS_TAB(i) && !stolen -> steal(); goto endCHOOSE
    :: !IS_TAB(i) && stolen -> scheme(i); goto UPDATE
#endif
#ifdef OTHER_CLIENT
    :: !IS_TAB(i) ->
      request[i].foreign = true; request[i].gen = jar.gen; request[i].secret = jar.secret;
      request[i].attempt = ATTEMPT(STRANGER, jar.gen);
      goto UPDATE
#endif
    fi
  };
  atomic { attach_cookie(i) };

UPDATE:
  atomic {
    if
    :: !GEN_FITS(i) -> tell_retry(i)
    :: GEN_FITS(i) && CLIENT_FITS(i) && LIVES && D(i) == 0 && request[i].secret == family.cur && PREMISE(family.gen + 1, old) ->
      d_step { rotate(i, true); skip };
      goto FOLLOW_UP
    :: GEN_FITS(i) && !(CLIENT_FITS(i) && LIVES && D(i) == 0 && request[i].secret == family.cur) -> goto SELECT
    :: LOSES(i) -> forget(i); goto endCHOOSE                                             /* the request is lost */
    fi
  };

FOLLOW_UP:                                                                /* second statement: session, user, client */
  atomic {
    if
    :: LIVES -> tell_token(i)                                /* ROTATED */
    :: !LIVES && family.state == HELD -> TELL_HELD(i)
    :: !LIVES && family.state == REVOKED -> tell_ended(i)
    fi
  };

SELECT:
  atomic {
    if
    :: !CLIENT_FITS(i) -> tell_invalid(i)
    :: CLIENT_FITS(i) && family.state == HELD -> TELL_HELD(i)
    :: CLIENT_FITS(i) && family.state == REVOKED -> tell_ended(i)
    :: CLIENT_FITS(i) && family.state == ACTIVE ->
      if
      :: D(i) == 0 && request[i].secret == family.cur -> goto UPDATE      /* loop */
      :: D(i) == 0 && request[i].secret != family.cur -> goto REUSE       /* fork */
      :: D(i) < 0 ->
#ifdef AHEAD_IS_REUSE
        goto REUSE
#else
        request[i].seen = family.gen; goto AHEAD
#endif
      :: D(i) > R && YOUNG(i) -> tell_retry(i)                 /* a burst */
      :: D(i) > R && OLD(i) -> goto REUSE
      :: D(i) >= 1 && D(i) <= R && !SAME_CHAIN(i) -> goto REUSE           /* fork */
      :: D(i) >= 1 && D(i) <= R && SAME_CHAIN(i) ->
        if
        :: SAME_ATTEMPT(i) -> goto REPLAYED
        :: !SAME_ATTEMPT(i) && request[i].attempt == NO_ATTEMPT && D(i) == 1 && family.ring[0] == MARKER -> goto REPLAYED  /* the device cookie came along */
#ifndef BLANK_IS_REUSE
        :: !SAME_ATTEMPT(i) && family.ring[D(i) - 1] == BLANK -> tell_retry(i)
#endif
        :: !SAME_ATTEMPT(i) && request[i].attempt == NO_ATTEMPT && !(D(i) == 1 && family.ring[0] == MARKER) && YOUNG(i) -> tell_retry(i)
        :: else -> goto REUSE
        fi
      fi
    fi;

REPLAYED:                                                                 /* still the SELECT's step: no further statement, no write */
#if defined(NO_REDELIVERY)
    goto REUSE;
#elif defined(RANDOM_SUCCESSORS)
    TOSS(family.cur); request[i].gen = family.gen; request[i].secret = family.cur;
#elif defined(REPLAY_OWN_SUCCESSOR)
    request[i].gen = request[i].gen + 1;                                  /* the variant: what this attempt made, never a later token */
#else
    note_redelivery(i);
    request[i].gen = family.gen;                                          /* the current token, however late */
#endif
#ifdef REPLAY_WRITES
    request[i].wrote = true;
#endif
    assert(!request[i].wrote);                                            /* I5 */
    tell_token(i)
  };

AHEAD:                                                                    /* commits were lost, a backup was restored */
  atomic {
    if
    :: family.gen == request[i].seen && LIVES && PREMISE(request[i].gen + 1, old) ->
#ifdef AHEAD_KEEPS_RING
      d_step { request[i].seen = 0; rotate(i, true); skip };
#else
      d_step { request[i].seen = 0; rotate(i, false); skip };
#endif
      goto FOLLOW_UP
    :: !(family.gen == request[i].seen && LIVES) -> request[i].seen = 0; goto UPDATE
    :: LOSES(i) -> forget(i); goto endCHOOSE
    fi
  };

REUSE:                                                                    /* the hold is a statement of its own */
  atomic {
    if
    :: family.state == ACTIVE -> hold(); tell_held(i)
    :: family.state == HELD -> TELL_HELD(i)
    :: family.state == REVOKED -> tell_ended(i)
    :: LOSES(i) -> forget(i); goto endCHOOSE                             /* the server dies first */
    fi
  };

ANSWER:
  atomic {
    if
    :: jar.gen = request[i].gen; jar.secret = request[i].secret; NOTE_SERVED(VICTIM)    /* Set-Cookie, however late */
    :: LOSES(i)                                                           /* lost; or the server died between commit and answer */
    fi;
    forget(i); goto endCHOOSE
  }
}

/* ---- what else happens ---- */

#ifndef THIEF
active proctype Clock() {
  byte next;
end:
  do
  :: atomic { old <= family.gen && PREMISE(family.gen, old + 1) -> old = old + 1 }
  od
}
#endif

#ifdef SIGN_OUT
active proctype Sign_out() { atomic { family.state == ACTIVE -> family.state = REVOKED; signed_out = true; alone = 0 } }
#endif

#ifdef CRASHES
active proctype Browser_crash() {
end:
  do
  :: atomic { disk.gen = jar.gen; disk.secret = jar.secret }
  :: atomic { disk.gen != jar.gen -> jar.gen = disk.gen; jar.secret = disk.secret; alone = 0 }
  od
}
#endif

#ifdef LOST
active proctype Failover() {
  byte k, m;
end:
  do
  :: d_step {
    kept > 0 && lost < LOST ->
      family.gen = before[0].gen; family.cur = before[0].cur;
      for (m : 0 .. R - 1) { family.ring[m] = before[0].ring[m] }
      for (k : 1 .. LOST - 1) { copy_commit(before[k - 1], before[k]) }
      before[LOST - 1].gen = 0;
      for (m : 0 .. R - 1) { before[LOST - 1].ring[m] = BLANK }
      kept--; lost++; alone = 0; k = 0; m = 0
    }
  od
}
#endif

init {
  byte k;
  atomic {
    family.state = ACTIVE; hand = NOBODY; carried = false; served = NOBODY;
    family.gen = TOP; jar.gen = TOP; old = TOP;                                      /* the first generation; only differences matter */
#ifdef CRASHES
    disk.gen = TOP;
#endif
    for (k : 0 .. TOP - 1) { issued[k] = NOTHING }
    for (k : 0 .. PARTIES - 1) { request[k].gen = NOTHING; run Party(k) }
    k = 0
  }
}

#ifdef DETECTION
/* If victim and thief both go on refreshing, the session ends held, unless the victim's own retries carry it over the thief for ever. */
ltl detection { ([] <> (served == VICTIM) && [] <> (served == TAKER) && <> [] !(carried && hand == TAKER)) -> <> (family.state == HELD) }
#endif
