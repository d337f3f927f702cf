/* What exists: one refresh family, the requests under way, one browser, perhaps a thief. */

#ifndef TABS
#define TABS 2                  /* requests that one browser may have under way at once: 1 to 3 */
#endif
#ifndef R
#define R 4                     /* transitions that the ring remembers */
#endif
#ifndef WINDOW
#define WINDOW 4                /* the honest client's premise, see premise.pml */
#endif
#ifndef TOP
#define TOP 5                   /* the highest generation number; at least WINDOW + 1 */
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

/*
 * The chain is deterministic, so a secret is written as the branch of the chain that it lies on: there is one branch, 0, unless a
 * mutant forks it. One commit changes a session and its families together, so `state` stands for both.
 */
typedef Family { byte gen; byte cur; byte ring[R]; mtype state };
typedef Token { byte gen; byte secret };
/* On its way to the server with a token; once served, on its way back with the token of the answer. */
typedef Request { byte gen; byte secret; byte attempt; bool foreign; bool wrote; byte seen };

Family family;
Request request[PARTIES];

Token jar;                      /* the browser's cookie, shared by its tabs */
byte stored;                    /* the browser's attempt store: one bit a generation, the value is ATTEMPT(BROWSER, g) */
byte old;                       /* tokens of a generation below this are older than 120 s */
bool signed_out;

bool stolen;
byte known, copied;             /* the thief's tokens and copied attempts, one bit a generation */

#ifdef CRASHES
Token disk;                     /* what the browser's cookies fall back to after a crash */
#endif

#ifdef LOST
typedef Commit { byte gen; byte cur; byte ring[R] };
Commit before[LOST];            /* the row as it was 1, 2, … commits ago */
byte kept, lost;
#endif

#define D(i) (family.gen - request[i].gen)
