import { Refusal } from '@portico/protocol/errors';
import type { AccessAlg, SigningAlg } from '@portico/protocol/tokens';
import type { SecretShown } from '@portico/ui/admin-views';
import type { Caller } from '../caller.ts';
import { type ClientChange, changeClient } from '../clients/change-client.ts';
import { type Client, type Confirmation, findClient } from '../clients/client.ts';
import { refusalOf } from '../clients/client-problem.ts';
import { lifeOf } from '../clients/site-lives.ts';
import type { Deps } from '../deps.ts';
import type { Answer } from '../sessions/answer.ts';

/** What a site is to be: an address or life that is left out is taken away, a choice that is left out stays. */
export interface SiteChange {
  /** Of the site as it was looked at. */
  readonly version: string;
  readonly name: string;
  readonly redirectUris: readonly string[];
  readonly postLogoutUris: readonly string[];
  readonly origins: readonly string[];
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  readonly audiences: readonly string[];
  readonly backchannelLogoutUri?: string;
  readonly logoUri?: string;
  readonly accessMinutes?: number;
  readonly idleMinutes?: number;
  readonly accessAlg?: string;
  readonly idAlg?: string;
  readonly confirmation?: string;
  readonly reuseEnds?: string;
  readonly pkce?: string;
}

/** Answers a signing secret where the change has made one, this once. Throws `site_changed` when somebody else was quicker. */
export async function changeSite(deps: Deps, caller: Caller, clientId: string, change: SiteChange): Promise<Answer> {
  const before = await findClient(deps.db, clientId);
  if (before === null) throw new Refusal('not_found');
  const changed = await changeClient(deps, caller, clientId, settingsIn(change, before), change.version);
  if (changed.kind === 'unknown') throw new Refusal('not_found');
  if (changed.kind === 'stale') throw new Refusal('site_changed');
  if (changed.kind === 'refused') throw refusalOf(changed.problems, { accessLife: 'accessMinutes', idleLife: 'idleMinutes' });
  const made = changed.kind === 'changed' ? changed.signingSecret : null;
  if (made === null) return { status: 200, body: { shown: null } };
  const shown: SecretShown = { purpose: 'signing', id: made.id, secret: made.secret, overlapsUntil: null };
  return { status: 200, body: { shown } };
}

/** The words of each choice were checked by the schema. */
function settingsIn(change: SiteChange, before: Client): ClientChange {
  return {
    name: change.name.trim(),
    redirectUris: change.redirectUris,
    postLogoutUris: change.postLogoutUris,
    origins: change.origins,
    scopes: change.scopes,
    roles: change.roles,
    audiences: change.audiences,
    backchannelLogoutUri: change.backchannelLogoutUri ?? null,
    logoUri: change.logoUri ?? null,
    accessLife: lifeOf(change.accessMinutes, before.accessLife),
    idleLife: lifeOf(change.idleMinutes, before.idleLife),
    accessAlg: (change.accessAlg ?? before.accessAlg) as AccessAlg,
    idAlg: (change.idAlg ?? before.idAlg) as SigningAlg,
    confirmation: (change.confirmation ?? before.confirmation) as Confirmation,
    reuseEnds: (change.reuseEnds ?? before.reuseEnds) as Client['reuseEnds'],
    pkce: (change.pkce ?? before.pkce) as Client['pkce'],
  };
}
