import type { SiteUser } from '@portico/protocol/tokens';
import type { Deps } from '../deps.ts';
import { signAccessToken } from './access-token.ts';
import type { OpenedFamily } from './open-family.ts';
import type { Grant } from './session-row.ts';
import { siteUser } from './site-user.ts';

/** A link of a site's family, ready to be answered to its backend. */
export interface SiteLink {
  readonly grant: Grant;
  readonly gen: number;
  readonly refreshToken: string;
  readonly familyId: string;
  readonly scope: string;
  readonly provedAt: number;
}

/** What a site's backend is answered in plain JSON. */
export interface SiteTokens {
  readonly accessToken: string;
  /** Seconds. */
  readonly expiresIn: number;
  readonly refreshToken: string;
  readonly gen: number;
  readonly sid: string;
  readonly expiresAt: number;
  /** False: the user did not tick "keep me signed in", so what the site keeps in the browser has to end with it. */
  readonly keep: boolean;
  readonly user: SiteUser;
}

export function siteTokens(deps: Deps, link: SiteLink): SiteTokens {
  const { grant, gen, refreshToken, scope, provedAt } = link;
  const access = signAccessToken(deps, grant, provedAt, link);
  return {
    accessToken: access.token,
    expiresIn: access.expiresIn,
    refreshToken,
    gen,
    sid: grant.session.id,
    expiresAt: grant.session.expiresAt,
    keep: grant.session.persistence === 'kept',
    user: siteUser(grant, scope),
  };
}

/** The first link of a family that was just opened. */
export function firstLink({ family, grant, scope, provedAt }: OpenedFamily): SiteLink {
  return { grant, gen: family.gen, refreshToken: family.refreshToken, familyId: family.id, scope, provedAt };
}
