/*
 * The refresh-token protocol (docs/protocol.md: attempt-bound deterministic chain) as a model for `spin`.
 * README.md beside this file says what is modelled, what is left out, and which configuration proves what.
 *
 * Reading help
 *  - One SQL statement is one atomic step. Between two statements of a request everything else may run.
 *  - Only differences of generations matter. When `gen` passes TOP, the whole world is renumbered one lower, so a finite model
 *    covers chains of every length; TOP behind means "too old", whatever the real distance.
 *  - I1 to I6 are the invariants of docs/protocol.md; every assertion stands in promises.pml or in `rotate`.
 */

#include "world.pml"
#include "mutants.pml"
#include "premise.pml"
#include "family.pml"
#include "promises.pml"
#include "clients.pml"
#include "events.pml"

/* The first statement: `update … where id, client_id, gen, cur_hash and state fit`. It proves the family active and is the only write. */
#define ROW_FITS(i) (CLIENT_FITS(i) && LIVES && D(i) == 0 && request[i].secret == family.cur)

inline update(i) {
  if
  :: !GEN_FITS(i) -> tell_retry(i); goto endCHOOSE              /* the cookie changed under the tab */
  :: GEN_FITS(i) && ROW_FITS(i) && PREMISE(family.gen + 1, old) -> d_step { rotate(i, true); skip }; goto FOLLOW_UP
  :: GEN_FITS(i) && !ROW_FITS(i) -> skip                        /* 0 rows */
  fi
}

#define AGAIN_WITHOUT_ATTEMPT(i) (request[i].attempt == NO_ATTEMPT && D(i) == 1 && family.ring[0] == MARKER)
#define IS_OTHER_ATTEMPT(i) (!SAME_ATTEMPT(i) && !AGAIN_WITHOUT_ATTEMPT(i))

/* 0 rows: the family is read, and what it says is judged. */
inline judge(i) {
  if
  :: !CLIENT_FITS(i) -> tell_invalid(i); goto endCHOOSE
  :: CLIENT_FITS(i) && family.state == HELD -> TELL_HELD(i); goto endCHOOSE
  :: CLIENT_FITS(i) && family.state == REVOKED -> tell_ended(i); goto endCHOOSE
  :: CLIENT_FITS(i) && family.state == ACTIVE ->
    if
    :: D(i) == 0 && SAME_CHAIN(i) -> goto UPDATE                /* loop */
    :: D(i) < 0 -> request[i].seen = family.gen; goto AHEAD
    :: D(i) > R && YOUNG(i) -> tell_retry_of_burst(i); goto endCHOOSE
    :: D(i) > R && OLD(i) -> goto REUSE
    :: D(i) >= 0 && D(i) <= R && !SAME_CHAIN(i) -> goto REUSE   /* fork */
    :: D(i) >= 1 && D(i) <= R && SAME_CHAIN(i) ->
      if
      :: SAME_ATTEMPT(i) || AGAIN_WITHOUT_ATTEMPT(i) -> redeliver(i); goto FOLLOW_UP
      :: IS_OTHER_ATTEMPT(i) && IS_UNKNOWN(family.ring[D(i) - 1]) && request[i].attempt == NO_ATTEMPT -> tell_retry(i); goto endCHOOSE
      :: IS_OTHER_ATTEMPT(i) && IS_UNKNOWN(family.ring[D(i) - 1]) && request[i].attempt != NO_ATTEMPT -> learn_attempt(i)
      :: IS_OTHER_ATTEMPT(i) && request[i].attempt == NO_ATTEMPT && YOUNG(i) -> tell_retry_of_burst(i); goto endCHOOSE
      :: IS_OTHER_ATTEMPT(i) && !IS_UNKNOWN(family.ring[D(i) - 1]) && (request[i].attempt != NO_ATTEMPT || OLD(i)) -> goto REUSE
      fi
    fi
  fi
}

/* One party asks, is served or loses the exchange, and asks again, for ever. Each label is one step. */
proctype Party(byte i) {
  byte k, m;

endCHOOSE:
  atomic {
    if
    :: IS_TAB(i) -> choose_attempt(i)
#ifdef THIEF
    :: !IS_TAB(i) && !stolen -> steal(); goto endCHOOSE
    /* What the thief sends has no effect before it is served, so he may as well choose it then; and what missed the row stays missed. */
    :: !IS_TAB(i) && stolen -> scheme(i); update(i); judge(i)
#endif
#ifdef OTHER_CLIENT
    :: !IS_TAB(i) -> present_as_another_client(i); update(i); judge(i)
#endif
    fi
  };

SEND:
  atomic { attach_cookie(i) };

UPDATE:
  atomic {
    if
    :: update(i)
    :: LOSES(i) -> forget(i); goto endCHOOSE                    /* the request is lost */
    fi
  };

SELECT:
  atomic { judge(i) };

AHEAD:                                                          /* commits were lost: compare-and-set on the row as it was read */
  atomic {
    if
    :: ROW_AS_READ(i) && PREMISE(request[i].gen + 1, old) -> take_ahead(i)
    :: !ROW_AS_READ(i) -> request[i].seen = 0; goto UPDATE
    :: LOSES(i) -> forget(i); goto endCHOOSE
    fi
  };

FOLLOW_UP:                                                      /* ROTATED or REPLAYED, if session, user and client say so too */
  atomic {
    if
    :: LIVES && IS_TAB(i) -> tell_token(i); goto ANSWER
    :: LIVES && !IS_TAB(i) -> tell_token(i); learn(i)
    :: !LIVES && family.state == HELD -> TELL_HELD(i)
    :: !LIVES && family.state == REVOKED -> tell_ended(i)
    fi;
    goto endCHOOSE
  };

REUSE:                                                          /* the hold is a statement of its own */
  atomic {
    if
    :: family.state == ACTIVE -> hold(); tell_held(i)
    :: family.state == HELD -> TELL_HELD(i)
    :: family.state == REVOKED -> tell_ended(i)
    :: LOSES(i) -> forget(i)                                    /* the server dies first */
    fi;
    goto endCHOOSE
  };

ANSWER:                                                         /* a token travels to a tab, for as long as the premise allows */
  atomic {
    if
    :: receive_cookie(i)
    :: LOSES(i) -> forget(i)                                    /* lost; or the server died between commit and answer */
    fi;
    goto endCHOOSE
  }
}

init {
  byte k;
  atomic {
    family.state = ACTIVE; family.gen = TOP; jar.gen = TOP; old = TOP;      /* the first generation, by its highest number */
    hand = NOBODY; served = NOBODY;
#ifdef CRASHES
    disk.gen = TOP;
#endif
    for (k : 0 .. TOP - 1) { issued[k] = NOTHING }
    for (k : 0 .. PARTIES - 1) { request[k].gen = NOTHING; run Party(k) }
    k = 0
  }
}
