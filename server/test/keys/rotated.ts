import { randomBytes } from 'node:crypto';
import { insertIdentity, readProviderTokens } from '../../src/accounts/identity.ts';
import { commandLine } from '../../src/cli/command-line.ts';
import { resealUntilDone } from '../../src/keys/reseal-secrets.ts';
import { PUBLISH_AHEAD, reloadKeyring } from '../../src/keys/rotate-keys.ts';
import { rotateMasterKey } from '../../src/keys/rotate-master-key.ts';
import { queueLetter } from '../../src/mail/outbox.ts';
import { type Clock, openWorld, type World } from '../world.ts';

export const NEVER = new AbortController().signal;
export const nextKey = () => randomBytes(32);

/** The same database opened by a node that was started with this master key. */
export function restarted(world: World, masterKey: Buffer, clock: Clock = world.clock): Promise<World> {
  return openWorld(world.deps.db, { config: { ...world.deps.config, masterKey }, clock });
}

/** Rotates, and lets the new data key become current at every node. */
export async function rotatedTo(next: Buffer, ...nodes: readonly World[]): Promise<number> {
  const [first] = nodes;
  if (first === undefined) throw new Error('nobody rotates');
  const outcome = await rotateMasterKey(first.deps, commandLine(first.deps), next);
  if (outcome.kind !== 'rotated') throw new Error(`the master key was not rotated: ${outcome.kind}`);
  first.clock.advance(PUBLISH_AHEAD);
  for (const node of nodes) await reloadKeyring(node.deps);
  return outcome.dataKeyId;
}

export async function resealed({ deps, clock }: World): Promise<void> {
  clock.advance(30_000);
  await resealUntilDone(deps, NEVER);
}

export const TOKENS = { accessToken: 'gho_canary', refreshToken: null, expiresAt: null };

/** What an installation has that is sealed beside its keys: a letter that waits, and what a provider gave. */
export async function fill({ deps }: World, userId: string): Promise<void> {
  const { db } = deps;
  await insertIdentity(db, deps, { provider: 'github', subject: '17', userId, label: 'ada', tokens: TOKENS, now: deps.now() });
  await queueLetter(db, deps, {
    kind: 'code',
    to: 'ada@example.com',
    subject: 'Hello',
    text: 'a waiting letter',
    html: '<p>a waiting letter</p>',
  });
}

export async function opensAll({ deps }: World, userId: string): Promise<boolean> {
  return (await readProviderTokens(deps.db, deps, userId, 'github'))?.accessToken === TOKENS.accessToken;
}

/** Every sealed text of the database, as the data key that it names. */
export async function formsIn({ deps: { db } }: World): Promise<Record<string, string[]>> {
  const columns = {
    mails: "select sealed from mails where sealed <> ''",
    chain_keys: 'select sealed from chain_keys',
    signing_keys: 'select sealed from signing_keys',
    client_secrets: 'select sealed from client_secrets where sealed is not null',
    identities: 'select sealed_tokens as sealed from identities where sealed_tokens is not null',
  };
  const forms: Record<string, string[]> = {};
  for (const [table, statement] of Object.entries(columns)) {
    const rows = await db.all(statement);
    forms[table] = [...new Set(rows.map((row) => String(row['sealed']).split('.').slice(0, -2).join('.')))].sort();
  }
  return forms;
}
