/* The row and what the server's statements do to it. */

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

inline drop_commit(commit) {
  commit.gen = 0; commit.cur = 0;
  for (m : 0 .. R - 1) { commit.ring[m] = BLANK }
}
#endif

inline remember_commit() {
#ifdef LOST
  for (k : 1 .. LOST - 1) { copy_commit(before[LOST - k], before[LOST - k - 1]) }
  copy_commit(before[0], family);
  kept = (kept < LOST - lost -> kept + 1 : kept);
  for (k : kept .. LOST - 1) { drop_commit(before[k]) }
#else
  skip
#endif
}

/* The only write of a refresh: gen, cur_hash and ring move together, in one statement. */
inline rotate(i, keep_ring) {
  assert(!request[i].wrote);                                                  /* I5 */
  assert(request[i].gen + 1 > family.gen);                                    /* I4 */
  assert(issued[family.gen] == family.cur);                                   /* I4 */
  note_rotation(i);
  remember_commit();
  for (k : 1 .. R - 1) { family.ring[R - k] = (keep_ring -> family.ring[R - k - 1] : BLANK) }
  family.ring[0] = request[i].attempt;
  family.gen = request[i].gen + 1;
  MINT_SUCCESSOR();
  request[i].gen = family.gen; request[i].secret = family.cur; request[i].attempt = BLANK; request[i].wrote = true;
  renumber();
  assert(issued[family.gen] == NOTHING || issued[family.gen] == family.cur);  /* I3 */
  issued[family.gen] = family.cur;
  k = 0; m = 0
}

/* To be used inside an atomic step. */
inline take_ahead(i) {
#ifdef AHEAD_IS_REUSE
  request[i].seen = 0;
  goto REUSE
#else
  d_step { request[i].seen = 0; rotate(i, KEEP_RING_WHEN_AHEAD); skip };
  goto FOLLOW_UP
#endif
}

/* The same attempt, or none again: no write. */
inline redeliver(i) {
#ifdef REPLAY_OWN_SUCCESSOR
  request[i].gen = request[i].gen + 1;                                        /* the variant: what this attempt made, nothing newer */
#else
  note_redelivery(i);
  request[i].gen = family.gen;                                                /* the current token, however late */
#endif
#ifdef RANDOM_SUCCESSORS
  MINT_SUCCESSOR();
#endif
#ifdef REPLAY_WRITES
  family.ring[0] = request[i].attempt; request[i].wrote = true;
#endif
  request[i].secret = family.cur; request[i].attempt = BLANK;
  assert(!request[i].wrote)                                                   /* I5 */
}

/* Commits were lost, and the attempt of this transition with them: compare-and-set, so the statement is one step with the reading. */
inline learn_attempt(i) {
#ifdef BLANK_IS_RETRY
  tell_retry(i);
  goto endCHOOSE
#else
  family.ring[D(i) - 1] = request[i].attempt;
  redeliver(i);
  goto FOLLOW_UP
#endif
}

/* Once held, no token and no attempt is looked at again: what only the thief's choices and I2 need is dropped. */
inline hold() {
  family.state = HELD;
  hand = NOBODY; carried = false; taken = false; disguises = 0; copied = 0; known = 1
}
