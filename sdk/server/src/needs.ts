import { PorticoError } from './errors.ts';
import type { RevocationMode } from './options.ts';
import { secondsOf } from './seconds.ts';
import type { VerifiedUser } from './user.ts';

/** What one route asks for beyond a good token. */
export interface Needs {
  /** One of these. */
  readonly role?: string | readonly string[];
  /** All of these. */
  readonly scope?: string | readonly string[];
  /** Proven at most this long ago: seconds, or a text such as `5m`. */
  readonly fresh?: number | string;
  /** One of these ways of proving, such as `otp`. */
  readonly amr?: string | readonly string[];
  readonly revocation?: RevocationMode;
  /** Machines may come too; else a token without a person behind it is refused. */
  readonly machines?: boolean;
}

/** Needs that make sense. */
export interface Asked {
  readonly roles: readonly string[];
  readonly scope: readonly string[];
  readonly amr: readonly string[];
  /** Seconds; null: whenever it was. */
  readonly maxAge: number | null;
  /** Null: as the site does. */
  readonly revocation: RevocationMode | null;
  readonly machines: boolean;
}

const NAMES: ReadonlySet<string> = new Set<keyof Needs>(['role', 'scope', 'fresh', 'amr', 'revocation', 'machines']);
export const MODES: readonly unknown[] = ['accept', 'revalidate', 'reject'] satisfies RevocationMode[];

/** Throws TypeError for what would ask for nothing: a name that is not known, nothing under a name, an empty list. It must not let everybody in. */
export function readNeeds(needs: Needs): Asked {
  for (const [name, value] of Object.entries(needs)) {
    if (!NAMES.has(name)) throw new TypeError(`nothing is known of a need "${name}"; there are ${[...NAMES].join(', ')}`);
    if (value === undefined) throw new TypeError(`${name} is undefined: leave it out, or say what is needed`);
  }
  const { role, scope, amr, fresh, revocation, machines = false } = needs;
  if (revocation !== undefined && !MODES.includes(revocation)) throw new TypeError(`revocation is one of ${MODES.join(', ')}`);
  if (typeof machines !== 'boolean') throw new TypeError('machines is true or false');
  return {
    roles: listOf('role', role),
    scope: listOf('scope', scope),
    amr: listOf('amr', amr),
    maxAge: fresh === undefined ? null : secondsOf(fresh),
    revocation: revocation ?? null,
    machines,
  };
}

function listOf(name: string, wanted: string | readonly string[] | undefined): readonly string[] {
  if (wanted === undefined) return [];
  const list: readonly unknown[] = typeof wanted === 'string' ? [wanted] : Array.isArray(wanted) ? wanted : [];
  const words = list.filter((one) => typeof one === 'string' && one !== '') as string[];
  if (words.length === 0 || words.length < list.length) throw new TypeError(`${name} is a word, or a list of some`);
  return words;
}

/** `now` in seconds. Throws PorticoError. */
export function requireNeeds(user: VerifiedUser, { roles, scope, amr, maxAge, machines }: Asked, now: number): void {
  if (user.sid === null && !machines) throw new PorticoError('user_required');
  if (roles.length > 0 && !roles.some((role) => user.roles.includes(role))) throw new PorticoError('role_missing');
  if (!scope.every((one) => user.scope.includes(one))) throw new PorticoError('scope_missing');
  if (amr.length > 0 && !amr.some((way) => user.amr.includes(way))) throw new PorticoError('fresh_signin_required');
  if (maxAge === null) return;
  if (user.authTime === null || user.authTime + maxAge < now) throw new PorticoError('fresh_signin_required', { maxAge });
}
