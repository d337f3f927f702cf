import type { SealDeps } from '../audit/seal.ts';
import { type SealProblem, type SealReport, type SealTrouble, verifySeals, WAITING_MAX } from '../audit/verify-seals.ts';
import type { Check } from './check.ts';

/** The seals are at most this far behind, in milliseconds, while a server runs. */
const BEHIND_LIMIT = 10_000;

const TROUBLES: Readonly<Record<SealTrouble, string>> = {
  seal_changed: 'was changed, or made with another master key',
  seal_missing: 'comes after a gap: seals before it are missing',
  seal_forked: 'follows another seal than the one before it: two copies of this database were mixed',
  dropped_early: 'lost its events before PORTICO_EVENT_LIFE was over (or that setting was shorter then)',
  events_missing: 'covers events that are gone',
  events_added: 'has more events than it covers',
  events_differ: 'covers other events than those that claim it',
  no_such_seal: 'does not exist, but an event claims it',
  unsigned: 'has an event without a digest, which Portico did not write (or a version of it from before there were seals)',
  changed: 'has an event that is not as Portico wrote it',
  given_away: 'has an event that was given to another user',
  blanked: 'has an event whose address, browser and reason were taken out, although no account was deleted',
};

/** Proves the audit log from the first seal to the last, and says what is not sealed yet. */
export async function checkAuditLog(deps: SealDeps): Promise<Check[]> {
  const report = await verifySeals(deps);
  return [checkSeals(report), checkWaiting(report, deps.now())];
}

function checkSeals({ problems, problemCount, head, seals, events, unsigned }: SealReport): Check {
  const name = 'audit log';
  if (problemCount > 0) {
    const listed = problems.map(sentenceOf);
    if (problemCount > listed.length) listed.push(`and ${problemCount - listed.length} more`);
    const fix = 'somebody wrote to the database behind Portico: compare it with a backup, and see who can';
    return { name, state: 'fail', finding: listed.join('; '), fix };
  }
  if (head === null) return { name, state: 'ok', finding: 'nothing is sealed yet' };
  const old = unsigned === 0 ? '' : ` (${unsigned} from before events had digests: of these only what a seal covers is proven)`;
  const finding = `${events} events${old} in ${seals} seals are as they were written; the newest is ${head.seq} ${head.hash}`;
  return { name, state: 'ok', finding: `${finding} (keep that elsewhere: a chain that was cut off looks whole)` };
}

function sentenceOf({ kind, seal, eventId }: SealProblem): string {
  const where = seal === null ? 'the unsealed end' : `seal ${seal}`;
  return `${where} ${TROUBLES[kind]}${eventId === null ? '' : ` (event ${eventId})`}`;
}

function checkWaiting({ waiting, oldestWaitingAt }: SealReport, now: number): Check {
  const name = 'audit log, unsealed';
  if (oldestWaitingAt === null) return { name, state: 'ok', finding: 'no event waits for its seal' };
  const count = waiting === WAITING_MAX ? `${WAITING_MAX} or more` : `${waiting}`;
  const age = Math.max(0, Math.round((now - oldestWaitingAt) / 1000));
  const finding = `${count} events wait for their seal, the oldest for ${age} s`;
  if (now - oldestWaitingAt <= BEHIND_LIMIT) return { name, state: 'ok', finding };
  return { name, state: 'warn', finding, fix: 'is a server running? it seals every five seconds (or: portico job seal-events)' };
}
