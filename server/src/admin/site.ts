import { Refusal } from '@portico/protocol/errors';
import { FIRST_PARTY_CLIENT } from '@portico/protocol/tokens';
import type { SiteContent } from '@portico/ui/admin-views';
import { listEventsOfClient } from '../audit/event-trail.ts';
import { versionOf } from '../clients/change-client.ts';
import { type Client, findClient } from '../clients/client.ts';
import { readClientKeys } from '../clients/client-keys.ts';
import { listMembers, type Member } from '../clients/client-role.ts';
import { listSecrets } from '../clients/client-secret.ts';
import { connectionOf } from '../clients/connection.ts';
import { minutesOf } from '../clients/site-lives.ts';
import type { Deps } from '../deps.ts';
import { countOpenAt } from '../sessions/open-site.ts';
import { askPage, type ListQuery, pageOf } from './list-page.ts';

const EVENTS_SHOWN = 10;
/** Grants that are counted: a site that is open more often is open often. */
const OPEN_COUNTED = 5000;

/** One client site with everything that hangs from it. Throws `not_found`, for our own pages too: they are no site. */
export async function readSite(deps: Deps, { clientId }: { readonly clientId: string }, query: ListQuery): Promise<SiteContent> {
  const client = clientId === FIRST_PARTY_CLIENT ? null : await findClient(deps.db, clientId);
  if (client === null) throw new Refusal('not_found');
  const now = deps.now();
  const list = `members ${clientId}`;
  const [secrets, members, open, events] = await Promise.all([
    listSecrets(deps.db, clientId, now),
    listMembers(deps.db, clientId, askPage(deps, list, query)),
    countOpenAt(deps.db, clientId, now, OPEN_COUNTED),
    listEventsOfClient(deps.db, clientId, EVENTS_SHOWN),
  ]);
  const mark = ({ userId }: Member) => ({ key: userId, id: userId });
  return {
    ...pageOf(deps, { list, query, rows: members, mark, item: (member) => member }),
    site: describedSite(client),
    version: versionOf(client),
    connection: connectionOf(deps.config, client, null),
    secrets,
    keys: keysOf(client),
    open: { sessions: open, isMore: open >= OPEN_COUNTED },
    events: events.map(({ id, at, action, actorId }) => ({ id, at, action, actorId })),
    now,
  };
}

function describedSite({ cv: _version, jwks: _keys, accessLife, idleLife, ...client }: Client): SiteContent['site'] {
  return { ...client, accessMinutes: minutesOf(accessLife), idleMinutes: minutesOf(idleLife) };
}

function keysOf({ jwks }: Client): SiteContent['keys'] {
  const read = jwks === null ? null : readClientKeys(jwks);
  return read?.kind === 'good' ? read.keys.map(({ kid, alg }) => ({ kid, alg })) : [];
}
