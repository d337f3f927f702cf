/* Those who ask. */

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

/* Set-Cookie, however late: the browser takes it even if no tab waits for it any more. */
inline receive_cookie(i) {
  jar.gen = request[i].gen; jar.secret = request[i].secret;
  NOTE_SERVED(VICTIM);
  forget(i)
}

/* One theft, at any moment: the whole jar, and with PENDING the attempt store. */
inline steal() {
  stolen = true; known = 1 << jar.gen; alone = 0;
#ifdef PENDING
  copied = (stored >> jar.gen) << jar.gen;      /* attempts for older tokens are of no use to him */
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

inline learn(i) {
  known = known | (1 << request[i].gen);
  NOTE_SERVED(TAKER);
  forget(i)
}

/* A client that has come by the browser's token presents it as itself. */
inline present_as_another_client(i) {
  request[i].foreign = true; request[i].gen = jar.gen; request[i].secret = jar.secret;
  request[i].attempt = ATTEMPT(STRANGER, jar.gen)
}
