import type { AccessAlg, SigningAlg } from '@portico/protocol/tokens';
import type { ClientWish } from './check-client.ts';
import type { Client, Confirmation } from './client.ts';

/** A registration as the admin page and its calls say it: lives in minutes, and what is left out is as it usually is. */
export interface SiteForm {
  readonly name: string;
  readonly redirectUris?: readonly string[];
  readonly postLogoutUris?: readonly string[];
  readonly origins?: readonly string[];
  readonly backchannelLogoutUri?: string;
  readonly logoUri?: string;
  readonly scopes?: readonly string[];
  readonly roles?: readonly string[];
  readonly audiences?: readonly string[];
  readonly accessAlg?: string;
  readonly idAlg?: string;
  readonly accessMinutes?: number;
  readonly idleMinutes?: number;
  readonly confirmation?: string;
  readonly reuseEnds?: string;
  readonly pkce?: string;
}

/** What the form calls by another name than the client does. */
export const FORM_NAMES = { accessLife: 'accessMinutes', idleLife: 'idleMinutes' } as const satisfies Partial<Record<keyof Client, string>>;

const MINUTE = 60_000;

/** The words of each choice were checked by the schema. */
export function wishOf({ name, accessMinutes, idleMinutes, ...form }: SiteForm): Omit<ClientWish, 'kind'> {
  const { accessAlg, idAlg, confirmation, reuseEnds, pkce, ...plain } = form;
  return {
    ...plain,
    name: name.trim(),
    ...(accessMinutes === undefined ? {} : { accessLife: accessMinutes * MINUTE }),
    ...(idleMinutes === undefined ? {} : { idleLife: idleMinutes * MINUTE }),
    ...(accessAlg === undefined ? {} : { accessAlg: accessAlg as AccessAlg }),
    ...(idAlg === undefined ? {} : { idAlg: idAlg as SigningAlg }),
    ...(confirmation === undefined ? {} : { confirmation: confirmation as Confirmation }),
    ...(reuseEnds === undefined ? {} : { reuseEnds: reuseEnds as Client['reuseEnds'] }),
    ...(pkce === undefined ? {} : { pkce: pkce as Client['pkce'] }),
  };
}
