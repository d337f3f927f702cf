import assert from 'node:assert/strict';
import { BLANK, RING_SIZE, ringSlot } from '../../src/sessions/refresh-chain.ts';
import { listRevocations } from '../../src/sessions/revocation.ts';
import type { Schedule } from './batch.ts';
import { refreshOwner, revoke } from './commands.ts';
import { arrivesInTime, attemptOf, count, type History, isAlive } from './history.ts';
import { patiently } from './patient.ts';
import type { System } from './system.ts';
import { handChanges } from './thief.ts';

/** What must be true when a history is over. `last` is how the last requests meet the sign-out. */
export async function finish(m: History, system: System, last: Schedule): Promise<void> {
  if (m.spoiled) return;
  // Whatever is still on its way is lost.
  m.requests.length = 0;
  m.answers.length = 0;
  if (m.theft === null) await ownerIsStillSignedIn(m, system);
  else await thiefIsCaught(m, system, m.theft);
  if (m.theft === null && isAlive(m)) await signOutUnderWay(m, system, last);
  await endedTokensAreRevoked(m, system);
}

/** I6: a refresh and the retry of an older one are under way while somebody ends the session. */
async function signOutUnderWay(m: History, system: System, last: Schedule): Promise<void> {
  const former = m.owner.past.at(-1) ?? m.owner.jar;
  for (const holding of [m.owner.jar, former]) {
    m.requests.push({ party: 'owner', call: 'refresh', holding, attempt: attemptOf(m.owner, holding.gen), withDevice: true });
  }
  await revoke([0, 1], last).run(m, system);
}

function hasExpired({ rows, clock }: History): boolean {
  // The second node's clock is the later one.
  return Math.min(rows.family.expiresAt, rows.family.idleAt) <= clock.now() + 2_000;
}

/** I1, the other half: not only is nobody signed out, everybody also gets on. */
async function ownerIsStillSignedIn(m: History, system: System): Promise<void> {
  if (!isAlive(m) || hasExpired(m) || !arrivesInTime(m, { holding: m.owner.jar })) return;
  const behind = m.rows.family.gen - m.owner.jar.gen;
  if (behind > RING_SIZE) return;
  // Where commits were lost nobody knows the attempts any more, and a jar that fell back as well is taken at its word.
  if (behind > 0 && ringSlot(m.rows.family.ring, behind) === BLANK) count(m, 'attempts learnt after lost commits');
  const first = await refreshOwner(m, system, 0, 0);
  const second = await refreshOwner(m, system, 1, 1);
  if (first?.kind === 'nothing' || second?.kind === 'nothing' || first === null || second === null) return;
  assert.ok(first.kind === 'rotated' || first.kind === 'replayed', `I1: the owner's next refresh came to ${JSON.stringify(first)}`);
  assert.equal(second.kind, 'rotated', `I1: the owner's second refresh came to ${JSON.stringify(second)}`);
}

/**
 * I2. A retry proves that one knows one attempt, and is answered with the newest token, even if the other one made it. So the two can
 * take turns only as often as the owner's own retries (lost answers, late tabs) carry it over a rotation of the thief.
 */
async function thiefIsCaught(m: History, system: System, theft: NonNullable<History['theft']>): Promise<void> {
  count(m, `${theft.rolledBack ? 'thefts with lost commits' : theft.pending ? 'thefts with a pending attempt' : 'thefts'}`);
  count(m, `hands changed ${handChanges(m)} times`);
  if (theft.rolledBack) return;
  const most = 2 * theft.ownerCaughtUp + (theft.pending ? 1 : 0);
  assert.ok(handChanges(m) <= most, `I2: hands changed ${handChanges(m)} times, where ${most} can be explained`);
  if (!isAlive(m) || hasExpired(m) || !theft.rotations.includes('thief') || theft.pending || theft.ownerCaughtUp > 0) return;
  // The thief came first; now the owner comes back.
  const answer = await refreshOwner(m, system, 0, 0);
  if (answer === null || theft.ownerCaughtUp > 0) return;
  const code = system.kind === 'browser' ? 'session_held' : 'session_ended';
  assert.deepEqual(answer, { kind: 'refused', code }, 'a thief was not caught when the owner came back');
  count(m, 'thieves caught by the owner');
}

/** I6: whatever was handed out before the end is in the set of revocations for longer than it lives. */
async function endedTokensAreRevoked(m: History, system: System): Promise<void> {
  const { session, family } = m.rows;
  const reused = family.state === 'revoked' && session.state === 'active';
  if (m.minted.length === 0 || (session.state === 'active' && !reused)) return;
  const subject = reused ? family.id : session.id;
  const entry = (await patiently(() => listRevocations(system.ground.db, 0, 0))).find((one) => one.subject === subject);
  assert.ok(entry !== undefined, 'I6: a session ended without a revocation');
  for (const { exp } of m.minted) assert.ok(entry.expiresAt >= exp * 1000, 'I6: an access token outlives its revocation');
}
