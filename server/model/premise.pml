/*
 * Time, and the premise of I1: an honest client's copies are no older than WINDOW rotations, or younger than 120 s. Steps that would
 * break the premise wait until the network has delivered or lost what is too old.
 */

#ifdef THIEF
/* The age of a thief's token is chosen anew at every look, which covers every clock. */
#define YOUNG(i) true
#define OLD(i) true
#define RECENT(g, top, age) (g == NOTHING || top - g <= WINDOW)
#else
/* `old` only rises. */
#define YOUNG(i) (request[i].gen >= old)
#define OLD(i) (request[i].gen < old)
#define RECENT(g, top, age) (g == NOTHING || top - g <= WINDOW || g >= age)
#endif

#if TABS == 1
#define TABS_RECENT(top, age) RECENT(request[0].gen, top, age)
#elif TABS == 2
#define TABS_RECENT(top, age) (RECENT(request[0].gen, top, age) && RECENT(request[1].gen, top, age))
#elif TABS == 3
#define TABS_RECENT(top, age) (RECENT(request[0].gen, top, age) && RECENT(request[1].gen, top, age) && RECENT(request[2].gen, top, age))
#endif

#ifdef CRASHES
#define JAR_RECENT(top, age) (RECENT(jar.gen, top, age) && RECENT(disk.gen, top, age))
#else
#define JAR_RECENT(top, age) RECENT(jar.gen, top, age)
#endif

/* Would it hold if the row came to generation `top` and the clock to `age`? Once something is stolen, nothing is promised any more. */
#define PREMISE(top, age) (stolen || (JAR_RECENT(top, age) && TABS_RECENT(top, age)))

/* Who may lose a request or an answer. A thief's losses would only make him weaker. */
#ifdef LOSSLESS
#define LOSES(i) (IS_TAB(i) && !stolen)
#else
#define LOSES(i) IS_TAB(i)
#endif
