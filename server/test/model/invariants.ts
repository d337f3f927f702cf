import assert from 'node:assert/strict';
import { BLANK, linkHash, parseAttempt } from '../../src/sessions/refresh-chain.ts';
import type { Batch, Served } from './batch.ts';
import { count, type History, type Holding, type Outcome, type Request, requireParsed, secretOf, spends } from './history.ts';
import type { Statement } from './interleaving.ts';
import type { System } from './system.ts';

/** The invariants of docs/protocol.md, asserted after every batch of requests. */

/** Codes that no genuine token may ever be answered with by a client that it belongs to, whoever sends it. */
const NEVER = new Set(['refresh_invalid', 'internal', 'bad_attempt', 'two_tokens']);
const SIGNED_OUT = new Set(['session_ended', 'session_held']);

export function checkBatch(m: History, system: System, batch: Batch): void {
  for (const served of batch.served) {
    checkOutcome(m, system, batch, served);
    if (served.outcome.kind === 'rotated' || served.outcome.kind === 'replayed') checkGrant(m, system, batch, served, served.outcome);
  }
  checkRows(system, batch);
  rememberHands(m, batch);
  if (batch.before.family.state === 'active' && batch.after.family.state !== 'active' && batch.revokedAt === null) count(m, 'reuses seen');
  if (batch.after.family.gen !== batch.before.family.gen || batch.after.family.idleAt !== batch.before.family.idleAt)
    m.versions.push(batch.after.family);
}

function checkOutcome(m: History, system: System, batch: Batch, { request, outcome, endedAt, ran }: Served): void {
  const { family, session } = batch.before;
  if (outcome.kind === 'refused') {
    assert.ok(!NEVER.has(outcome.code), `I1: a genuine token was answered ${outcome.code}`);
    if (SIGNED_OUT.has(outcome.code)) {
      const over = family.state !== 'active' || session.state !== 'active' || batch.revokedAt !== null;
      const expired = Math.min(family.expiresAt, family.idleAt) <= endedAt;
      assert.ok(over || expired || m.theft?.spent === true || hasThief(batch), `I1: an honest client was answered ${outcome.code}`);
    }
  }
  if (family.state === 'replaced')
    assert.notDeepEqual(outcome, { kind: 'refused', code: 'session_held' }, 'a replaced family held its session');
  const waits = session.state === 'held' && (session.heldUntil ?? 0) > endedAt && batch.revokedAt === null;
  const parsed = request.attempt === null ? null : parseAttempt(request.attempt);
  const asksForLink = parsed === null || parsed.gen === request.holding.gen;
  if (waits && request.call === 'refresh' && asksForLink && outcome.kind !== 'nothing') {
    assert.deepEqual(outcome, { kind: 'refused', code: 'session_held' }, 'a held session says so, every time');
  }
  if (request.call === 'session') assert.equal(writesOf(ran.statements).length, 0, 'I5: a look at the session wrote something');
  if (outcome.kind === 'replayed' && request.call === 'refresh') {
    // Only an attempt that a lost commit had made unknown is written, once.
    const learnt = writesOf(ran.statements).filter(isLearning).length;
    assert.equal(writesOf(ran.statements).length, learnt, 'I5: a redelivery wrote something');
    assert.ok(learnt <= (attemptsAreLost(batch) ? 1 : 0), 'I5: an attempt was learnt where none was lost');
  }
  if (outcome.kind === 'refused' && outcome.code === 'retry') assert.equal(writesOf(ran.statements).length, 0, 'retry wrote something');
}

function checkGrant(
  m: History,
  system: System,
  batch: Batch,
  { request, ran }: Served,
  outcome: Extract<Outcome, { kind: 'rotated' | 'replayed' }>,
): void {
  const { holding, claims } = outcome;
  const { before } = batch;
  const token = requireParsed(system, holding.token);
  assert.equal(token.gen, holding.gen);
  assert.equal(token.familyId, before.family.id);
  assert.ok(system.kind === 'native' || request.withDevice, 'a browser without its device cookie was given a token');
  assert.deepEqual(token.secret, secretOf(system, token.gen), `I3: generation ${token.gen} has two successors`);
  const text = m.issued.get(token.gen) ?? holding.token;
  assert.equal(holding.token, text, `I3: generation ${token.gen} was delivered in two texts`);
  m.issued.set(token.gen, text);

  const turned = ran.statements.filter(isRotation);
  if (outcome.kind === 'rotated') {
    const ahead = turned.some(({ sql }) => isRecovery(sql));
    assert.equal(holding.gen, request.holding.gen + 1);
    assert.equal(turned.length, 1);
    // A recovery from lost commits leaves an audit event; extend-auth-hard starts the CSRF tokens anew.
    const others = (ahead ? 1 : 0) + (request.call === 'extendHard' ? 1 : 0);
    assert.equal(writesOf(ran.statements).length, 1 + others, 'I5: one write a refresh');
  }

  assert.ok(
    before.family.state === 'active' && before.session.state === 'active',
    `I6: a token came out of a ${before.session.state} session`,
  );
  const readFamily = ran.statements.findLast(({ sql }) => sql.includes('refresh_tokens'))?.place ?? Number.POSITIVE_INFINITY;
  const readSession = ran.statements.findLast(({ sql }) => sql.includes('join users'))?.place ?? Number.POSITIVE_INFINITY;
  // A reuse ends the session of a browser, but of a native client only its family.
  const proof = system.kind === 'browser' ? readSession : readFamily;
  assert.ok(proof < firstReuse(batch), 'I6: a token was minted by a statement after the reuse had been seen');
  assert.ok(readSession < (batch.revokedAt ?? Number.POSITIVE_INFINITY), 'I6: a token was minted by a statement after the revocation');
  const from = ran.statements.findLast(({ sql }) => sql.includes('set gen = gen + 1'))?.askedAt ?? 0;
  assert.equal(claims.iat, Math.floor(from / 1000), 'I6: iat is the moment of the statement that proved the family active');
  assert.ok(claims.exp * 1000 <= before.session.expiresAt, 'I9: an access token outlives its session');
  assert.ok(claims.exp - claims.iat <= system.nodes[0].config.accessTokenLife / 1000);
  assert.equal(claims.sid, system.sessionId);
  assert.equal(claims.aud, system.clientId);
  m.minted.push(claims);
}

function checkRows(system: System, { before, after, served, revokedAt }: Batch): void {
  const { family } = after;
  assert.ok(family.gen >= before.family.gen, 'I4: the generation fell');
  const rotations = served.flatMap(({ ran }) => ran.statements.filter(isRotation));
  const recovered = rotations.some(({ sql }) => isRecovery(sql));
  if (!recovered) assert.equal(family.gen - before.family.gen, rotations.length, 'I3: each rotation is one generation');
  assert.equal(family.curHash, linkHash(secretOf(system, family.gen)), 'I4: the row holds another token than the newest issued');
  assert.equal(family.expiresAt, before.family.expiresAt, 'I9: the absolute end moved');
  assert.equal(after.session.expiresAt, before.session.expiresAt, 'I9: the absolute end moved');
  if (family.state === 'active') assert.equal(after.session.state, 'active', 'a family lives under a session that ended');
  const wrote = served.some(({ ran }) => writesOf(ran.statements).length > 0);
  if (!wrote && revokedAt === null) assert.deepEqual(after, before, 'something changed although nothing was written');
}

/** Who rotated, and whom a retry carried over the other's rotations. */
function rememberHands(m: History, { served }: Batch): void {
  const rotations = served
    .flatMap(({ request, ran }) => ran.statements.filter(isRotation).map(({ place }) => ({ place, ...request })))
    .sort((a, b) => a.place - b.place);
  for (const { party, holding } of rotations) {
    m.makers.set(holding.gen + 1, party);
    m.theft?.rotations.push(party);
  }
  if (m.theft === null) return;
  for (const { request, outcome } of served) {
    if (outcome.kind === 'replayed' && request.party === 'owner' && isCarriedOver(m, request, outcome)) m.theft.ownerCaughtUp += 1;
    if (request.party === 'thief' && spends(request)) m.theft.spent = true;
  }
}

function isCarriedOver({ makers }: History, { holding, party }: Request, outcome: { readonly holding: Holding }): boolean {
  for (let gen = holding.gen + 1; gen <= outcome.holding.gen; gen += 1) if ((makers.get(gen) ?? party) !== party) return true;
  return false;
}

/** The place of the first commit by which a request of this batch ended what the token hangs from. */
function firstReuse({ served }: Batch): number {
  const places = served.flatMap(({ ran }) => ran.statements.filter(({ sql }) => sql === 'transaction').map(({ place }) => place));
  return Math.min(...places, Number.POSITIVE_INFINITY);
}

function hasThief({ served }: Batch): boolean {
  return served.some(({ request }) => request.party === 'thief' && spends(request));
}

function writesOf(statements: readonly Statement[]): readonly Statement[] {
  return statements.filter(({ wrote }) => wrote);
}

function isRotation({ sql, wrote }: Statement): boolean {
  return wrote && (sql.includes('set gen = gen + 1') || isRecovery(sql));
}

/** The ring had blanks, or got them when a sibling's token was taken ahead of the row. */
function attemptsAreLost({ before, served }: Batch): boolean {
  return before.family.ring.includes(BLANK) || served.some(({ ran }) => ran.statements.some(({ sql, wrote }) => wrote && isRecovery(sql)));
}

/** `fillLostSlot`. */
function isLearning({ sql }: Statement): boolean {
  return sql.includes('set ring = $5');
}

/** `advanceLostFamily`. */
function isRecovery(sql: string): boolean {
  return sql.includes('set gen = $4');
}
