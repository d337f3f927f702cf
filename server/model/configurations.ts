/** What the model is asked: which switches are on, and what the answer must be. */

export type Claim = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'client' | 'served' | 'detection';

export interface Configuration {
  /** A sentence that a person could dispute: what is proven, or which weakness is found. */
  readonly name: string;
  /** The switches of the model, see world.pml. */
  readonly flags: readonly string[];
  /** Null: every claim holds in every reachable state. Otherwise the claim that must be found broken. */
  readonly breaks: Claim | null;
  /** Only in the full run. */
  readonly long: boolean;
}

const holds = (name: string, ...flags: string[]): Configuration => ({ name, flags, breaks: null, long: false });
const long = (configuration: Configuration): Configuration => ({ ...configuration, long: true });
const breaks = (claim: Claim, name: string, ...flags: string[]): Configuration => ({ name, flags, breaks: claim, long: false });

const HONEST: readonly Configuration[] = [
  holds('two tabs of one browser are never signed out and always served', 'TABS=2'),
  long(holds('three tabs of one browser are never signed out and always served', 'TABS=3')),
  holds('a browser that crashes and falls back to older cookies stays signed in', 'TABS=2', 'CRASHES'),
  holds('a sign-out in the middle of refreshes is final', 'TABS=2', 'SIGN_OUT'),
  long(holds('a sign-out in the middle of the refreshes of three tabs is final', 'TABS=3', 'SIGN_OUT')),
  holds('another client with the token of this one gets nothing and changes nothing', 'TABS=2', 'OTHER_CLIENT'),
  holds('a database that loses one commit signs nobody out', 'TABS=2', 'LOST=1'),
  long(holds('a database that loses three commits signs nobody out', 'TABS=2', 'LOST=3')),
  holds('a browser without attempts stays signed in while its copies are one rotation old or young', 'TABS=2', 'NO_HEADER', 'WINDOW=1'),
  long(holds('three tabs without attempts stay signed in likewise', 'TABS=3', 'NO_HEADER', 'WINDOW=1')),
];

const THEFT: readonly Configuration[] = [
  holds('a copied jar changes hands only where a retry carries its sender over the other', 'TABS=1', 'THIEF'),
  long(holds('a copied jar of two tabs likewise', 'TABS=2', 'THIEF')),
  holds('a copied jar with its pending attempt likewise, and is good for one disguise', 'TABS=1', 'THIEF', 'PENDING'),
  long(holds('a copied jar and a sign-out leave nobody a token', 'TABS=1', 'THIEF', 'PENDING', 'SIGN_OUT')),
  holds('a copied jar never changes hands if the owner asks one by one and loses nothing', 'TABS=1', 'THIEF', 'LOSSLESS', 'MOST_CHANGES=0'),
  holds('with the pending attempt it then changes hands twice at most', 'TABS=1', 'THIEF', 'PENDING', 'LOSSLESS', 'MOST_CHANGES=2'),
  holds('a thief and an owner who both go on end in a hold', 'TABS=1', 'THIEF', 'DETECTION'),
  long(holds('a thief with the pending attempt and an owner who both go on end in a hold', 'TABS=1', 'THIEF', 'PENDING', 'DETECTION')),
];

/** A redelivery that gives the successor its own attempt made, never a newer token. README.md weighs it. */
const VARIANT: readonly Configuration[] = [
  long(holds('variant: a browser that crashes stays signed in', 'TABS=2', 'CRASHES', 'REPLAY_OWN_SUCCESSOR')),
  long(holds('variant: three tabs stay signed in', 'TABS=3', 'REPLAY_OWN_SUCCESSOR')),
  holds('variant: a copied jar never changes hands', 'TABS=1', 'THIEF', 'PENDING', 'REPLAY_OWN_SUCCESSOR'),
  long(holds('variant: a copied jar of two tabs never changes hands', 'TABS=2', 'THIEF', 'PENDING', 'REPLAY_OWN_SUCCESSOR')),
  long(
    holds('variant: a thief and an owner who both go on end in a hold', 'TABS=1', 'THIEF', 'PENDING', 'DETECTION', 'REPLAY_OWN_SUCCESSOR'),
  ),
];

/** What the promises rest on: without it, spin must find the way to break them. */
const PREMISES: readonly Configuration[] = [
  breaks('I1', 'a message five rotations old signs an honest browser out', 'TABS=2', 'WINDOW=5', 'TOP=6'),
  breaks('I1', 'tabs that do not share their attempts sign each other out', 'TABS=2', 'STORE_PER_TAB'),
  breaks('I1', 'without attempts two rotations are too old', 'TABS=2', 'NO_HEADER', 'WINDOW=2'),
  breaks('I2', 'twice at most is not enough where answers are lost', 'TABS=1', 'THIEF', 'PENDING', 'MOST_CHANGES=2'),
  breaks('I2', 'not at all is not enough where two requests overlap', 'TABS=2', 'THIEF', 'MOST_CHANGES=0'),
  breaks(
    'detection',
    'an owner who loses answers at the right moments and a thief with the pending attempt take turns for ever',
    'TABS=1',
    'THIEF',
    'PENDING',
    'DETECTION',
    'CARRIED_FOR_EVER',
  ),
];

export const CONFIGURATIONS: readonly Configuration[] = [...HONEST, ...THEFT, ...VARIANT, ...PREMISES];

/** Servers with one rule weakened. */
export const MUTANTS: readonly Configuration[] = [
  breaks('I1', 'a ring of one transition', 'TABS=2', 'R=1'),
  breaks('I2', 'any attempt is taken for the right one', 'TABS=1', 'THIEF', 'NO_ATTEMPT_CHECK'),
  breaks('I1', 'nothing is delivered again', 'TABS=2', 'NO_REDELIVERY'),
  breaks('I3', 'successors are random, so the chain forks', 'TABS=2', 'RANDOM_SUCCESSORS'),
  breaks('I1', 'the generation of the attempt is not compared', 'TABS=2', 'NO_GEN_CHECK'),
  breaks('client', 'the client is not compared', 'TABS=2', 'OTHER_CLIENT', 'NO_CLIENT_CHECK'),
  breaks('I1', 'held is answered as ended', 'TABS=1', 'THIEF', 'HELD_AS_ENDED'),
  breaks('I2', 'the marker of a request without attempt fits every attempt', 'TABS=1', 'THIEF', 'MODES_MIX'),
  breaks('I5', 'a redelivery writes', 'TABS=2', 'REPLAY_WRITES'),
  breaks('I6', 'no statement asks whether the family is active', 'TABS=2', 'SIGN_OUT', 'NO_STATE_CHECK'),
  breaks('I1', 'a token ahead of its row is taken for reuse', 'TABS=2', 'LOST=1', 'AHEAD_IS_REUSE'),
  breaks('I1', 'a row that catches up keeps its ring', 'TABS=2', 'LOST=1', 'AHEAD_KEEPS_RING'),
  breaks('I4', 'a row that lost commits is overtaken without being compared', 'TABS=2', 'LOST=1', 'NO_COMPARE'),
  breaks('I1', 'an unknown attempt is taken for reuse', 'TABS=2', 'LOST=1', 'BLANK_IS_REUSE'),
  breaks('served', 'an unknown attempt is told to retry, for ever', 'TABS=2', 'LOST=1', 'BLANK_IS_RETRY'),
];
