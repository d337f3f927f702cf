import assert from 'node:assert/strict';
import type { Schedule } from './batch.ts';
import { grant, lastMinute, refreshOwner, revoke } from './commands.ts';
import { attemptOf, type History, LIVE } from './history.ts';
import type { System } from './system.ts';

/** The ways in which a sign-in ends that nobody has stolen: each history takes one of them. */
export async function endSomehow(m: History, system: System, last: Schedule): Promise<void> {
  const acts = [signOutUnderWay, signInTooOften, growOld];
  await acts[last.order.length % acts.length]?.(m, system, last);
}

/** I6: a refresh and the retry of an older one are under way while somebody ends the session. */
async function signOutUnderWay(m: History, system: System, last: Schedule): Promise<void> {
  const former = m.owner.past.at(-1) ?? m.owner.jar;
  for (const holding of [m.owner.jar, former]) {
    m.requests.push({ party: 'owner', call: 'refresh', holding, attempt: attemptOf(m.owner, holding.gen), withDevice: true });
  }
  await revoke([0, 1], last).run(m, system);
}

/** I5: the newest four sign-ins of a client live; the older one has ended, and that is no alarm. */
async function signInTooOften(m: History, system: System): Promise<void> {
  for (let times = 0; times < LIVE; times += 1) {
    m.clock.advance(1);
    await grant.run(m, system);
  }
  assert.equal(m.rows.family.state, 'replaced');
  await isSignedOut(m, system);
  assert.equal(m.rows.session.state, 'active');
}

/** I9: refreshed whenever it is about to idle out, it still ends when it has to, and its last tokens with it. */
async function growOld(m: History, system: System): Promise<void> {
  const { expiresAt } = m.rows.session;
  while (lastMinute(m) > m.clock.now()) {
    m.clock.advance(lastMinute(m) - m.clock.now());
    const answer = await refreshOwner(m, system, 0, 0);
    if (answer === null || answer.kind === 'nothing') return;
    // A jar that lost commits have stranded stays where it is.
    if (answer.kind === 'refused') return;
  }
  m.clock.advance(expiresAt - m.clock.now());
  await isSignedOut(m, system);
}

async function isSignedOut(m: History, system: System): Promise<void> {
  const answer = await refreshOwner(m, system, 0, 0);
  if (answer !== null) assert.deepEqual(answer, { kind: 'refused', code: 'session_ended' });
}
