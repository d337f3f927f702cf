/* What is asserted, and the variables that only assertions look at. */

byte issued[TOP + 1];           /* I3, I4: the secret that was minted for each generation */
byte alone;                     /* 1 + the tab that asks with the jar's token while no other request is under way */
mtype hand;                     /* I2: who made the newest fresh rotation since the theft */
bool carried;                   /* I2: a redelivery has carried the other one over it */
bool taken;                     /* I2: the thief has made a fresh rotation */
byte disguises;                 /* I2: the thief's rotations under a copied attempt */
#ifdef MOST_CHANGES
byte changes;                   /* I2, read literally: how often hands changed */
#endif
mtype served;                   /* detection: who received a token last */

#ifdef DETECTION
#define NOTE_SERVED(who) served = who
#else
#define NOTE_SERVED(who) skip
#endif

#ifdef PENDING
#define PENDING_WAS_COPIED true
#else
#define PENDING_WAS_COPIED false
#endif

#define OTHER_HAND(i) (IS_TAB(i) -> TAKER : VICTIM)

/*
 * I2. Fresh: under an attempt that only its sender knows. A rotation under a copied pending attempt belongs to nobody: the one disguise.
 * Hands change only after a redelivery that carried its receiver over the other's rotation; and where no pending attempt was copied, a
 * thief who did not come first never comes at all.
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
    :: hand == OTHER_HAND(i) ->
#ifdef REPLAY_OWN_SUCCESSOR
      assert(hand == NOBODY);                                                 /* the variant: hands never change */
#endif
#ifdef MOST_CHANGES
      changes++;
      assert(changes <= MOST_CHANGES);
#endif
      assert(carried);
      assert(IS_TAB(i) || taken || PENDING_WAS_COPIED)
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
    carried = carried || (hand == OTHER_HAND(i) && (family.ring[k] / 16 == BROWSER / 16) != IS_TAB(i))
  }
  k = 0
#else
  skip
#endif
}

inline forget(i) {
  request[i].gen = NOTHING; request[i].secret = 0; request[i].attempt = BLANK; request[i].foreign = false; request[i].wrote = false; request[i].seen = 0;
  alone = (alone == i + 1 -> 0 : alone)
}

/* ROTATED or REPLAYED. */
inline tell_token(i) {
  assert(family.state == ACTIVE);                                             /* I6 */
  assert(!request[i].foreign);                                                /* nobody spends another client's token */
  assert(issued[request[i].gen] == request[i].secret);                        /* I3 */
  request[i].wrote = false
}

/* The other answers carry no token, so their journey matters to nobody: whoever asked asks again. */
inline tell_retry(i) { assert(alone != i + 1); forget(i) }                    /* who asks alone, with what it holds, is served */
inline tell_retry_of_burst(i) { forget(i) }                                   /* too far behind within 120 s: nothing given, nothing revoked */
inline tell_invalid(i) { assert(request[i].foreign); forget(i) }              /* I1 */
inline tell_ended(i) { assert(signed_out); forget(i) }                        /* I1; and what is held is never called ended */
inline tell_held(i) { assert(stolen); forget(i) }                             /* I1 */

/* If victim and thief both go on refreshing, the session ends held, unless the victim's own retries carry it over the thief for ever. */
#ifdef CARRIED_FOR_EVER
#define CARRIED_AT_LAST true
#else
#define CARRIED_AT_LAST (<> [] !(carried && hand == TAKER))
#endif
#ifdef DETECTION
ltl detection { ([] <> (served == VICTIM) && [] <> (served == TAKER) && CARRIED_AT_LAST) -> <> (family.state == HELD) }
#endif
