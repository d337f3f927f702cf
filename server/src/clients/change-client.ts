import { createHash } from 'node:crypto';
import { recordEvent } from '../audit/event.ts';
import type { Facts } from '../audit/facts.ts';
import type { Origin } from '../caller.ts';
import type { Deps } from '../deps.ts';
import type { Db } from '../platform/db.ts';
import type { Revocation } from '../platform/revoked-set.ts';
import { insertRevocation } from '../sessions/revocation.ts';
import { checkClient } from './check-client.ts';
import { type Client, type ClientSettings, lockClient, lockRegistrations, settingsOf, updateClient } from './client.ts';
import type { ClientProblem } from './client-problem.ts';
import { isRoleHeld } from './client-role.ts';
import { expireSigningSecret, listSigningSecrets } from './client-secret.ts';
import { dropUndefinedRoles } from './drop-roles.ts';
import { type MadeSecret, makeSigningSecret } from './make-secret.ts';
import { findNeighbourProblems, findOwnAddresses } from './register-client.ts';

export type ClientChange = Partial<ClientSettings>;

export type Changed =
  | {
      readonly kind: 'changed';
      readonly client: Client;
      /** Told once: its tokens are signed with HS256 from now on. */
      readonly signingSecret: MadeSecret | null;
      /** A role was given up: whoever had it has it no more. */
      readonly taken: boolean;
    }
  | { readonly kind: 'unchanged'; readonly client: Client }
  /** Somebody else was quicker: what is there is not what was looked at. */
  | { readonly kind: 'stale' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused'; readonly problems: readonly ClientProblem[] };

/** What can be changed of a client, as a text that changes with it: a form brings the one that it was made from. */
export function versionOf(client: Client): string {
  return createHash('sha256')
    .update(JSON.stringify(settingsOf(client)))
    .digest('base64url')
    .slice(0, 22);
}

/**
 * Changes a client site by the rules of its registration. `seen` is the version that whoever changes it has looked at; null = whatever is
 * there (the command line says each thing by its name). From the commit on no token says what is true no more: those that were made before
 * a scope or a role was taken, or with another algorithm, are refused within a second, and the site gets new ones by its next refresh.
 */
export async function changeClient(deps: Deps, from: Origin, id: string, change: ClientChange, seen: string | null): Promise<Changed> {
  for (;;) {
    const entries: Revocation[] = [];
    const changed = await deps.db.transaction((tx) => changeLocked(tx, deps, from, { id, change, seen, entries }));
    for (const entry of entries) deps.revoked.add(entry);
    // A role that was given up begins with nobody when it is defined again, whoever died in the middle of taking it.
    if (changed.kind === 'roles_left' || (changed.kind === 'changed' && changed.taken)) await dropUndefinedRoles(deps, from, id);
    if (changed.kind !== 'roles_left') return changed;
  }
}

interface Wish {
  readonly id: string;
  readonly change: ClientChange;
  readonly seen: string | null;
  /** What is to be told when it has committed. */
  readonly entries: Revocation[];
}

async function changeLocked(
  tx: Db,
  deps: Deps,
  from: Origin,
  { id, change, seen, entries }: Wish,
): Promise<Changed | { kind: 'roles_left' }> {
  // As registrations do: what one finds free is free. Then the client, as whoever rotates a secret or gives a role.
  await lockRegistrations(tx, deps);
  const before = await lockClient(tx, id);
  if (before === null) return { kind: 'unknown' };
  if (seen !== null && seen !== versionOf(before)) return { kind: 'stale' };
  const settings = { ...settingsOf(before), ...change };
  const problems = await findProblems(tx, deps, before, settings);
  if (problems.length > 0) return { kind: 'refused', problems };
  const differs = changesOf(before, settings);
  if (differs.length === 0) return { kind: 'unchanged', client: before };
  if (await isRoleHeld(tx, id, without(settings.roles, before.roles))) return { kind: 'roles_left' };
  const client = await updateClient(tx, id, settings, { refuseOlder: isNarrower(before, settings) });
  entries.push(...(await refuseOlder(tx, deps, before, client)));
  const signingSecret = startsToSign(before, client) ? await makeSigningSecret(tx, deps, id, deps.now()) : null;
  const facts = { before: pick(before, differs), after: pick(client, differs) };
  await recordEvent(tx, deps, from, 'client.changed', { target: { kind: 'client', id }, ...facts });
  return { kind: 'changed', client, signingSecret, taken: without(before.roles, client.roles).length > 0 };
}

async function findProblems(
  tx: Db,
  deps: Deps,
  { id, kind, authentication, jwks }: Client,
  settings: ClientSettings,
): Promise<readonly ClientProblem[]> {
  const checked = checkClient({ ...settings, id, kind, authentication, jwks });
  if (checked.kind === 'bad') return checked.problems;
  return [...findOwnAddresses(deps.config, checked.client), ...(await findNeighbourProblems(tx, id, settings))];
}

type Setting = keyof ClientSettings;

function changesOf(before: ClientSettings, after: ClientSettings): Setting[] {
  const names = Object.keys(after) as Setting[];
  return names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}

/** Whether tokens that were made before say more than is true now, or are signed by what no longer signs. */
function isNarrower(before: ClientSettings, after: ClientSettings): boolean {
  const taken = [...without(before.scopes, after.scopes), ...without(before.roles, after.roles)];
  return taken.length > 0 || before.accessAlg !== after.accessAlg;
}

function without(words: readonly string[], others: readonly string[]): readonly string[] {
  return words.filter((word) => !others.includes(word));
}

/** Verifiers are told in the same transaction. The secret that signed until now is good for nothing: it may be the reason for the change. */
async function refuseOlder(tx: Db, deps: Deps, before: Client, after: Client): Promise<Revocation[]> {
  const entries: Revocation[] = [];
  if (after.cv !== before.cv) entries.push(await insertRevocation(tx, deps, { kind: 'client', subject: after.id, minimumUv: after.cv }));
  if (before.accessAlg !== 'HS256' || after.accessAlg === 'HS256') return entries;
  const now = deps.now();
  for (const secret of await listSigningSecrets(tx, after.id, now)) {
    await expireSigningSecret(tx, secret.id, now);
    entries.push(await insertRevocation(tx, deps, { kind: 'kid', subject: secret.id, minimumUv: null }));
  }
  return entries;
}

function startsToSign(before: Client, after: Client): boolean {
  return before.accessAlg !== 'HS256' && after.accessAlg === 'HS256';
}

function pick(settings: ClientSettings, names: readonly Setting[]): Facts {
  return Object.fromEntries(names.map((name) => [name, settings[name]]));
}
