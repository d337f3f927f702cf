import type { Deps } from '../deps.ts';
import { type Db, one, type Row } from '../platform/db.ts';
import { type SealedColumn, sealedTextFrom } from '../platform/sealed-text.ts';
import { isUnknownDataKey } from '../platform/vault.ts';

/**
 * The table of identities: who a user is at a provider. Provider and subject are the key, never the e-mail address: whoever gets an
 * old address of somebody else must not get the account with it.
 */
export interface Identity {
  readonly provider: string;
  readonly subject: string;
  readonly userId: string;
  /** What the provider calls them. Shown, compared with nothing. */
  readonly label: string;
  readonly hasTokens: boolean;
  readonly linkedAt: number;
  readonly lastUsedAt: number;
}

/** What a provider let us do in the user's name. Sealed at rest; never in an answer, a page or a log. */
export interface ProviderTokens {
  readonly accessToken: string;
  readonly refreshToken: string | null;
  /** Epoch milliseconds; null = the provider named no end. */
  readonly expiresAt: number | null;
}

type SealDeps = Pick<Deps, 'vault'>;

const COLUMNS = 'provider, subject, user_id, label, sealed_tokens, linked_at, last_used_at';
const sealLabel = (provider: string, subject: string) => `identities ${provider} ${subject}`;

export async function findIdentity(db: Db, provider: string, subject: string): Promise<Identity | null> {
  const row = await one(db, `select ${COLUMNS} from identities where provider = $1 and subject = $2`, [provider, subject]);
  return row === null ? null : fromRow(row);
}

/** A user's identity at one provider: there is at most one. */
export async function findIdentityOfUser(db: Db, userId: string, provider: string): Promise<Identity | null> {
  const row = await one(db, `select ${COLUMNS} from identities where user_id = $1 and provider = $2`, [userId, provider]);
  return row === null ? null : fromRow(row);
}

export async function listIdentities(db: Db, userId: string): Promise<Identity[]> {
  const rows = await db.all(`select ${COLUMNS} from identities where user_id = $1 order by linked_at, provider`, [userId]);
  return rows.map(fromRow);
}

/** Null when the subject is linked already (to whomever), or the user has another account of this provider. */
export async function insertIdentity(
  tx: Db,
  deps: SealDeps,
  identity: { provider: string; subject: string; userId: string; label: string; tokens: ProviderTokens | null; now: number },
): Promise<Identity | null> {
  const { provider, subject, userId, label, tokens, now } = identity;
  const row = await one(
    tx,
    `insert into identities (provider, subject, user_id, label, sealed_tokens, linked_at, last_used_at) values ($1, $2, $3, $4, $5, $6, $6)
     on conflict do nothing returning ${COLUMNS}`,
    [provider, subject, userId, label, sealTokens(deps, provider, subject, tokens), now],
  );
  return row === null ? null : fromRow(row);
}

/** The person came through the provider again: its newest name and tokens. */
export async function refreshIdentity(
  db: Db,
  deps: SealDeps,
  {
    provider,
    subject,
    label,
    tokens,
    now,
  }: { provider: string; subject: string; label: string; tokens: ProviderTokens | null; now: number },
): Promise<void> {
  await db.all('update identities set label = $3, sealed_tokens = $4, last_used_at = $5 where provider = $1 and subject = $2', [
    provider,
    subject,
    label,
    sealTokens(deps, provider, subject, tokens),
    now,
  ]);
}

/** The stored tokens, opened. Null when there are none, or the key that sealed them is gone. */
export async function readProviderTokens(db: Db, deps: SealDeps, userId: string, provider: string): Promise<ProviderTokens | null> {
  const row = await one(db, 'select subject, sealed_tokens from identities where user_id = $1 and provider = $2', [userId, provider]);
  const sealed = row?.['sealed_tokens'];
  if (row === null || typeof sealed !== 'string') return null;
  return openTokens(deps, provider, row['subject'] as string, sealed);
}

/** Takes the stored tokens out of the row: of parallel calls exactly one gets them. Null when there are none that open. */
export async function takeProviderTokens(db: Db, deps: SealDeps, userId: string, provider: string): Promise<ProviderTokens | null> {
  for (;;) {
    const row = await one(db, 'select subject, sealed_tokens from identities where user_id = $1 and provider = $2', [userId, provider]);
    const sealed = row?.['sealed_tokens'];
    if (row === null || typeof sealed !== 'string') return null;
    // Before they are taken: where the key is not known here yet, they stay.
    const tokens = openTokens(deps, provider, row['subject'] as string, sealed);
    const taken = await one(
      db,
      'update identities set sealed_tokens = null where user_id = $1 and provider = $2 and sealed_tokens = $3 returning provider',
      [userId, provider, sealed],
    );
    // Otherwise somebody else has them, or they were sealed anew meanwhile.
    if (taken !== null) return tokens;
  }
}

/** Stores renewed tokens, or null when they were given back. */
export async function saveProviderTokens(
  db: Db,
  deps: SealDeps,
  { provider, subject }: Pick<Identity, 'provider' | 'subject'>,
  tokens: ProviderTokens | null,
): Promise<void> {
  await db.all('update identities set sealed_tokens = $3 where provider = $1 and subject = $2', [
    provider,
    subject,
    sealTokens(deps, provider, subject, tokens),
  ]);
}

/** Somebody else was in the account since then: what they linked to it is theirs, not the owner's. */
export async function deleteIdentitiesSince(tx: Db, userId: string, since: number): Promise<void> {
  await tx.all('delete from identities where user_id = $1 and linked_at >= $2', [userId, since]);
}

/**
 * Unlinks, unless it is the last way in: the statement decides, after the caller locked the user's row in the same transaction, so that
 * two parallel unlinks cannot take one each. False: it was the last, or not there.
 */
export async function deleteIdentity(tx: Db, userId: string, provider: string, otherWayIn: boolean): Promise<boolean> {
  const row = await one(
    tx,
    `delete from identities where user_id = $1 and provider = $2
       and ($3 = 1 or exists (select 1 from identities as other where other.user_id = $1 and other.provider <> $2)) returning provider`,
    [userId, provider, otherWayIn ? 1 : 0],
  );
  return row !== null;
}

export const SEALED_PROVIDER_TOKENS: SealedColumn = {
  table: 'identities',
  page: async (db, form, after, limit) => {
    const rows = await db.all(
      `select provider, subject, case when sealed_tokens like $1 then null else sealed_tokens end as sealed from identities
       where (provider, subject) > ($2, $3) order by provider, subject limit $4`,
      [`${form}%`, after?.[0] ?? '', after?.[1] ?? '', limit],
    );
    const labelOf = (row: Row) => sealLabel(row['provider'] as string, row['subject'] as string);
    return rows.map((row) => sealedTextFrom(row, ['provider', 'subject'], labelOf));
  },
  replace: async (db, [provider = null, subject = null], before, after) => {
    const row = await one(
      db,
      'update identities set sealed_tokens = $4 where provider = $1 and subject = $2 and sealed_tokens = $3 returning provider',
      [provider, subject, before, after],
    );
    return row !== null;
  },
};

function openTokens({ vault }: SealDeps, provider: string, subject: string, sealed: string): ProviderTokens | null {
  try {
    return JSON.parse(vault.open(sealLabel(provider, subject), sealed).toString()) as ProviderTokens;
  } catch (cause) {
    if (isUnknownDataKey(cause)) throw cause;
    return null;
  }
}

function sealTokens({ vault }: SealDeps, provider: string, subject: string, tokens: ProviderTokens | null): string | null {
  return tokens === null ? null : vault.seal(sealLabel(provider, subject), JSON.stringify(tokens));
}

function fromRow(row: Row): Identity {
  return {
    provider: row['provider'] as string,
    subject: row['subject'] as string,
    userId: row['user_id'] as string,
    label: row['label'] as string,
    hasTokens: row['sealed_tokens'] !== null,
    linkedAt: row['linked_at'] as number,
    lastUsedAt: row['last_used_at'] as number,
  };
}
