import { describeMachine } from '../machine.ts';
import { table } from '../report.ts';
import { quantile } from '../summary.ts';
import { type Contender, contenders } from './contenders.ts';
import { createTokenMaker } from './tokens.ts';

/** Three kinds of requests: with a token that was seen, with a good one that was not, and with a hostile one. */
const KINDS = ['known', 'fresh', 'hostile'] as const;
type Kind = (typeof KINDS)[number];

const ROUNDS = 20;
/** Of a hundred requests of a site that is attacked a little. */
const MIX: Readonly<Record<Kind, number>> = { known: 0.98, fresh: 0.01, hostile: 0.01 };
/** People who are signed in, and ask again and again. */
const SIGNED_IN = 5000;
/** Below this the clock is too coarse, and the compiler has seen too little. */
const LEAST = 200;

interface Slice {
  readonly kind: Kind;
  readonly round: number;
  readonly checks: number;
  readonly nanoseconds: number;
  /** Hostile ones let in, or good ones refused. */
  readonly wrong: number;
}

type Taken = ReadonlyMap<Contender, readonly Slice[]>;

/** `checks` by Portico in all; the others do as many as their share. */
export async function benchVerifier(checks: number, signal: AbortSignal): Promise<string> {
  const maker = createTokenMaker();
  const all = await contenders(maker);
  const signedIn = Array.from({ length: SIGNED_IN }, () => maker.fresh());
  for (const contender of all) await takeSlice(contender, 'known', 0, signedIn);
  const taken = new Map<Contender, Slice[]>(all.map((contender) => [contender, []]));
  for (let round = 0; round <= ROUNDS; round += 1) {
    process.stderr.write(round === 0 ? 'warming up\n' : `round ${round} of ${ROUNDS}\n`);
    for (const kind of KINDS) {
      for (const contender of turns(all, round)) {
        signal.throwIfAborted();
        const count = Math.max(LEAST, Math.round(((checks * MIX[kind]) / ROUNDS) * (kind === 'known' ? contender.share : 1)));
        const tokens = Array.from({ length: count }, (_, n) =>
          kind === 'known' ? (signedIn[(n * 7 + round) % SIGNED_IN] ?? '') : kind === 'fresh' ? maker.fresh() : maker.hostile(),
        );
        const slice = await takeSlice(contender, kind, round, tokens);
        if (round > 0) taken.get(contender)?.push(slice);
      }
    }
  }
  return [describeMachine(process.cwd()), report(taken), all.map(({ name, about }) => `${name}: ${about}.`).join('\n')].join('\n\n');
}

/** There and back again, from another one each round: nobody is always the first, or always after the same other one, who warms the same code. */
function turns(all: readonly Contender[], round: number): readonly Contender[] {
  const from = (round >> 1) % all.length;
  const order = [...all.slice(from), ...all.slice(0, from)];
  return round % 2 === 0 ? order : order.reverse();
}

async function takeSlice({ check }: Contender, kind: Kind, round: number, tokens: readonly string[]): Promise<Slice> {
  // As from the wire: a text of its own for each request, whose hash nobody has computed yet.
  const requests = tokens.map((token) => ({ authorization: Buffer.from(`Bearer ${token}`).toString('latin1') }));
  let refused = 0;
  const began = process.cpuUsage();
  for (const headers of requests) {
    try {
      await check(headers);
    } catch {
      refused += 1;
    }
  }
  // Of all threads of this process: what other programs take of the machine is nobody's fault here.
  const { user, system } = process.cpuUsage(began);
  const nanoseconds = (user + system) * 1000;
  return { kind, round, checks: requests.length, nanoseconds, wrong: kind === 'hostile' ? requests.length - refused : refused };
}

function report(taken: Taken): string {
  const portico = [...taken.entries()].find(([{ name }]) => name === 'portico')?.[1] ?? [];
  const rows = [...taken.entries()].map(([{ name }, slices]) => [
    name,
    ...KINDS.flatMap((kind) => [
      costText(slices, kind),
      name === 'portico' ? '' : `${times(slices, portico, (slice) => slice.kind === kind)} x`,
    ]),
    `${(mixedCost(slices) / 1000).toFixed(2)}`,
    String(slices.reduce((sum, { wrong }) => sum + wrong, 0)),
    slices.reduce((sum, { checks }) => sum + checks, 0).toLocaleString('en'),
  ]);
  const head = [
    '',
    'known, us',
    'Portico is',
    'fresh, us',
    'Portico is',
    'hostile, us',
    'Portico is',
    'mixed, us',
    'wrong answers',
    'checks',
  ];
  return `Microseconds of processor time a check, one after the other (median of ${ROUNDS} rounds); ratios compare neighbours of one round\n${table(head, rows)}`;
}

const costOf = ({ nanoseconds, checks }: Slice) => nanoseconds / checks;
const ofKind = (slices: readonly Slice[], kind: Kind) => slices.filter((slice) => slice.kind === kind);
const costText = (slices: readonly Slice[], kind: Kind) => (quantile(ofKind(slices, kind).map(costOf), 0.5) / 1000).toFixed(2);
const mixedCost = (slices: readonly Slice[]) =>
  KINDS.reduce((sum, kind) => sum + MIX[kind] * quantile(ofKind(slices, kind).map(costOf), 0.5), 0);

/** How many times as many checks Portico does in the same time, round by round. */
function times(slices: readonly Slice[], portico: readonly Slice[], chosen: (slice: Slice) => boolean): string {
  const beside = portico.filter(chosen);
  const ratios = slices.filter(chosen).map((slice, at) => costOf(slice) / costOf(beside[at] ?? slice));
  return quantile(ratios, 0.5).toPrecision(3);
}
