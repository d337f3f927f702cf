import { SEALED_PROVIDER_TOKENS } from '../accounts/identity.ts';
import { SEALED_SIGNING_SECRETS } from '../clients/client-secret.ts';
import type { Deps } from '../deps.ts';
import { SEALED_LETTERS } from '../mail/outbox.ts';
import type { Place, SealedColumn, SealedText } from '../platform/sealed-text.ts';
import { isUnknownDataKey } from '../platform/vault.ts';
import { SEALED_CHAIN_KEYS } from './chain-key.ts';
import { listDataKeyAges, noteOlderLeft } from './data-key.ts';
import { SEALED_SIGNING_KEYS } from './signing-key.ts';

/** Everything that lies in the database sealed. */
export const SEALED_COLUMNS: readonly SealedColumn[] = [
  SEALED_CHAIN_KEYS,
  SEALED_SIGNING_KEYS,
  SEALED_SIGNING_SECRETS,
  SEALED_PROVIDER_TOKENS,
  SEALED_LETTERS,
];

/** Rows that one statement reads. */
const AT_A_TIME = 200;
/** After a data key has become current, a node whose clock or keys are behind may still seal with the one before it for so long, in milliseconds. */
export const SETTLES_AFTER = 30_000;

export interface Pass {
  readonly resealed: number;
  /** Changed by somebody else in the same moment: the next pass looks again. */
  readonly left: number;
  /** Sealed with a key that is no longer there, or not whole: nothing opens them. */
  readonly broken: number;
}

/**
 * Goes once through everything that is sealed and seals anew what an older key has sealed, each text by comparing and setting: what
 * somebody writes meanwhile stays. `look` only counts.
 */
export async function resealSecrets(
  deps: Pick<Deps, 'db' | 'vault'>,
  { signal, look = false, atATime = AT_A_TIME }: { readonly signal?: AbortSignal; readonly look?: boolean; readonly atATime?: number } = {},
): Promise<Pass> {
  const form = deps.vault.currentForm();
  const pass = { resealed: 0, left: 0, broken: 0 };
  for (const column of SEALED_COLUMNS) {
    let after: Place | null = null;
    do {
      const texts: readonly SealedText[] = await column.page(deps.db, form, after, atATime);
      for (const text of texts) {
        if (text.sealed !== null) pass[await resealOne(deps, column, text, text.sealed, look)] += 1;
      }
      after = texts.at(-1)?.place ?? null;
    } while (after !== null && signal?.aborted !== true);
  }
  return pass;
}

async function resealOne(
  { db, vault }: Pick<Deps, 'db' | 'vault'>,
  column: SealedColumn,
  { place, label }: SealedText,
  sealed: string,
  look: boolean,
): Promise<keyof Pass> {
  let plain: Buffer;
  try {
    plain = vault.open(label, sealed);
  } catch (cause) {
    if (isUnknownDataKey(cause)) throw cause;
    return 'broken';
  }
  if (look) return 'left';
  return (await column.replace(db, place, sealed, vault.seal(label, plain))) ? 'resealed' : 'left';
}

/** Until a pass finds nothing, and then until the next rotation not again. */
export async function resealUntilDone(deps: Pick<Deps, 'db' | 'vault' | 'now' | 'log'>, signal: AbortSignal): Promise<void> {
  const id = deps.vault.currentId();
  const keys = await listDataKeyAges(deps.db);
  const current = keys.find((key) => key.id === id);
  const isDone = current?.olderLeft === 0 || !keys.some((key) => key.id < id && key.endedAt === null);
  if (current === undefined || isDone) return;
  for (;;) {
    const settled = deps.now() >= current.currentFrom + SETTLES_AFTER;
    const { resealed, left, broken } = await resealSecrets(deps, { signal });
    if (signal.aborted || deps.vault.currentId() !== id) return;
    if (broken > 0) deps.log.warn({ broken }, 'sealed texts do not open; they are left as they are');
    if (left > 0 || settled) await noteOlderLeft(deps.db, id, left);
    if (resealed + left === 0) return;
  }
}
