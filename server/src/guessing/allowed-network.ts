import { type Db, one, type Row } from '../platform/db.ts';
import { isInRange } from './network-address.ts';

/** The table of networks that are never suspended: an office, a school, our own monitoring. Their guesses are counted all the same. */
export interface AllowedNetwork {
  /** A CIDR range, as `parseRange` writes it. */
  readonly network: string;
  readonly note: string;
  readonly createdAt: number;
}

const COLUMNS = 'network, note, created_at';
/** More ranges than this are not looked through: whoever needs more has another problem. */
const RANGES = 1000;

/** Adds a range, or changes its note. */
export async function allowNetwork(db: Db, { network, note, now }: { network: string; note: string; now: number }): Promise<void> {
  await db.all(
    'insert into allowed_networks (network, note, created_at) values ($1, $2, $3) on conflict (network) do update set note = excluded.note',
    [network, note, now],
  );
}

/** False when there was no such range. */
export async function disallowNetwork(db: Db, network: string): Promise<boolean> {
  return (await one(db, 'delete from allowed_networks where network = $1 returning network', [network])) !== null;
}

export async function listAllowedNetworks(db: Db): Promise<AllowedNetwork[]> {
  const rows = await db.all(`select ${COLUMNS} from allowed_networks order by created_at, network limit $1`, [RANGES]);
  return rows.map(fromRow);
}

/** Asked only where an address is about to be refused or suspended, so the list may be read whole. */
export async function isAllowed(db: Db, address: string): Promise<boolean> {
  return (await listAllowedNetworks(db)).some(({ network }) => isInRange(address, network));
}

function fromRow(row: Row): AllowedNetwork {
  return { network: row['network'] as string, note: row['note'] as string, createdAt: row['created_at'] as number };
}
