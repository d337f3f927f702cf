/** What was made of a text, found again by the whole of it: at most `limit` of them, and those that nobody asks for make room first. */
export interface KeptTokens<T> {
  find(token: string): T | null;
  keep(token: string, made: T): void;
  drop(token: string): void;
  size(): number;
}

interface Kept<T> {
  readonly made: T;
  asked: boolean;
}

/** Longer ones are kept by nobody, so that `limit` also bounds the memory. In characters; a token of a site has about 700. */
const LENGTH_MAX = 4096;

/**
 * The whole text is the name, so that no other text, however alike, finds what was made of it. A hash of it costs six times as much as
 * finding it. V8 compares characters only where its own hash agrees, and seeds that at random for each process: time tells a stranger nothing.
 */
export function createKeptTokens<T>(limit: number): KeptTokens<T> {
  const kept = new Map<string, Kept<T>>();

  // As the hand of a clock goes round pages of memory: what was asked for since it last came by stays for another round. A flood of new tokens takes the
  // place of other new ones and not of those in use. The hand is kept, or it would step over everything that went before, each time.
  let hand = kept.entries();
  const makeRoom = () => {
    while (kept.size >= limit) {
      const { done, value } = hand.next();
      if (done === true) hand = kept.entries();
      else if (value[1].asked) value[1].asked = false;
      else kept.delete(value[0]);
    }
  };
  return {
    find: (token) => {
      const one = kept.get(token);
      if (one === undefined) return null;
      one.asked = true;
      return one.made;
    },
    keep: (token, made) => {
      if (limit === 0 || token.length > LENGTH_MAX) return;
      makeRoom();
      kept.set(copyOf(token), { made, asked: false });
    },
    drop: (token) => void kept.delete(token),
    size: () => kept.size,
  };
}

/** In Node 24 a piece of a longer text holds all of that in memory: of a header of cookies, sixteen kilobytes. */
function copyOf(text: string): string {
  return new TextDecoder().decode(new TextEncoder().encode(text));
}
