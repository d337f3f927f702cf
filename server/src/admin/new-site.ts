import { ADMIN_FRESH_FOR } from '@portico/protocol/admin';
import type { ClientKind } from '@portico/protocol/clients';
import type { NewSiteContent, SiteAdded } from '@portico/ui/admin-views';
import type { Caller } from '../caller.ts';
import { refusalOf } from '../clients/client-problem.ts';
import { connectionOf } from '../clients/connection.ts';
import { registerClient } from '../clients/register-client.ts';
import { FORM_NAMES, type SiteForm, wishOf } from '../clients/site-wish.ts';
import type { Deps } from '../deps.ts';
import type { Answer } from '../sessions/answer.ts';
import { provedAt } from '../sessions/fresh-proof.ts';
import type { CurrentSession } from '../sessions/verified-session.ts';

export interface NewSiteForm extends SiteForm {
  readonly kind: string;
  readonly id?: string;
  readonly jwks?: string;
  readonly attempt?: string;
}

/** In milliseconds: so much of the proof's life has to be left for filling in a form. */
const FILLED_IN = 3 * 60_000;

export function newSite({ config, random, now }: Deps, session: CurrentSession, kind: ClientKind | undefined): NewSiteContent {
  return {
    kind: kind ?? null,
    issuer: config.origin,
    attempt: random(16).toString('base64url'),
    proveFirst: provedAt(session) + ADMIN_FRESH_FOR < now() + FILLED_IN,
  };
}

export async function addSite(deps: Deps, caller: Caller, { kind, id, jwks, attempt, ...form }: NewSiteForm): Promise<Answer> {
  const wish = {
    ...wishOf(form),
    kind: kind as ClientKind,
    ...(id === undefined ? {} : { id: id.trim() }),
    ...(jwks === undefined ? {} : { jwks }),
  };
  const done = await registerClient(deps, caller, wish, attempt === undefined ? {} : { attempt });
  if (done.kind === 'refused') throw refusalOf(done.problems, FORM_NAMES);
  const { client, secret, signingSecret } = done;
  const body: SiteAdded = {
    clientId: client.id,
    name: client.name,
    secret: secret?.secret ?? null,
    signingSecret,
    connection: connectionOf(deps.config, client, secret?.secret ?? null),
  };
  return { status: 201, body };
}
