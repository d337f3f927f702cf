/* What else happens, at any moment. */

#ifndef THIEF
active proctype Clock() {
endless:
  do
  :: atomic { old <= family.gen && PREMISE(family.gen, old + 1) -> old = old + 1 }
  od
}
#endif

#ifdef SIGN_OUT
active proctype Sign_out() {
  atomic { family.state == ACTIVE -> family.state = REVOKED; signed_out = true; alone = 0 }
}
#endif

#ifdef CRASHES
active proctype Browser_crash() {
endless:
  do
  :: atomic { disk.gen != jar.gen -> disk.gen = jar.gen; disk.secret = jar.secret }
  :: atomic { disk.gen != jar.gen -> jar.gen = disk.gen; jar.secret = disk.secret; alone = 0 }
  od
}
#endif

#ifdef LOST
/* The database falls back by one commit, LOST times at most. */
active proctype Failover() {
  byte k, m;
endless:
  do
  :: d_step {
      kept > 0 && lost < LOST ->
      family.gen = before[0].gen; family.cur = before[0].cur;
      for (m : 0 .. R - 1) { family.ring[m] = before[0].ring[m] }
      for (k : 1 .. LOST - 1) { copy_commit(before[k - 1], before[k]) }
      drop_commit(before[LOST - 1]);
      kept--; lost++; alone = 0; k = 0; m = 0
    }
  od
}
#endif
