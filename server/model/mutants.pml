/* The rules that a mutant weakens, each with its mutant (-D…). The check must catch every one: see configurations.ts. */

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
byte coin;                      /* a server that keeps only a hash has no chain to walk: it mints another token and remembers that one */
#define SAME_CHAIN(i) (D(i) > 0 || request[i].secret == family.cur)
#define MINT_SUCCESSOR() coin = coin % 3 + 1; family.cur = coin
#else
#define SAME_CHAIN(i) (request[i].secret == family.cur)
#define MINT_SUCCESSOR() skip
#endif

#if defined(NO_ATTEMPT_CHECK)
#define SAME_ATTEMPT(i) true
#elif defined(NO_REDELIVERY)
#define SAME_ATTEMPT(i) false
#elif defined(MODES_MIX)
#define SAME_ATTEMPT(i) (family.ring[D(i) - 1] == request[i].attempt || family.ring[D(i) - 1] == MARKER)
#else
#define SAME_ATTEMPT(i) (request[i].attempt != NO_ATTEMPT && family.ring[D(i) - 1] == request[i].attempt)
#endif

#ifdef BLANK_IS_REUSE
#define IS_UNKNOWN(attempt) false
#else
#define IS_UNKNOWN(attempt) (attempt == BLANK)
#endif

#ifdef NO_COMPARE
#define ROW_AS_READ(i) LIVES
#else
#define ROW_AS_READ(i) (family.gen == request[i].seen && LIVES)
#endif

#ifdef AHEAD_KEEPS_RING
#define KEEP_RING_WHEN_AHEAD true
#else
#define KEEP_RING_WHEN_AHEAD false
#endif

#ifdef HELD_AS_ENDED
#define TELL_HELD(i) tell_ended(i)
#else
#define TELL_HELD(i) tell_held(i)
#endif

/* The client's side: a store for each tab instead of one for the browser. */
#ifdef STORE_PER_TAB
#define CHOSEN_BY(i) (BROWSER + 16 * i)
#else
#define CHOSEN_BY(i) BROWSER
#endif
