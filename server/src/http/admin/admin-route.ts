import {
  ADMIN_ACTS,
  ADMIN_FRESH_FOR,
  ADMIN_PAGES,
  ADMIN_READS,
  type AdminAct,
  type AdminScreenName,
  type StaffRole,
} from '@portico/protocol/admin';
import type { AdminContents } from '@portico/ui/admin-views';
import type { Caller } from '../../caller.ts';
import type { Deps } from '../../deps.ts';
import type { Answer } from '../../sessions/answer.ts';
import { requireFreshProof } from '../../sessions/fresh-proof.ts';
import { requireRole, type StaffSession } from '../../sessions/staff-session.ts';
import type { CurrentSession } from '../../sessions/verified-session.ts';
import { cookieAndDatabase, cookieCsrfAndDatabase, type Guard } from '../guards.ts';
import { type Input, type Route, route } from '../route.ts';
import type { ObjectSchema } from '../schemas.ts';

/** Rows of the admin page: what is read is a call and a screen, what is done a call and a plain form, both from one row. */

export type AdminInput<Body = unknown, Query = unknown, Params = unknown> = Input<Body, Query, Params>;

/** Something that is read. */
export interface AdminScreen {
  readonly name: AdminScreenName;
  readonly page: string;
  readonly route: Route;
  readonly query: ObjectSchema | undefined;
  readonly params: ObjectSchema | undefined;
  readonly role: StaffRole;
  readonly read: (deps: Deps, caller: Caller, session: StaffSession, input: Input<unknown, unknown, unknown>) => Promise<object>;
}

export function adminScreen<Name extends AdminScreenName, Query = unknown, Params = unknown>(
  name: Name,
  spec: {
    readonly summary: string;
    /** `support` unless given. */
    readonly role?: StaffRole;
    readonly query?: ObjectSchema;
    readonly params?: ObjectSchema;
    readonly read: (
      deps: Deps,
      caller: Caller,
      session: StaffSession,
      input: Input<unknown, Query, Params>,
    ) => Promise<AdminContents[Name]>;
  },
): AdminScreen {
  const { summary, role = 'support', query, params } = spec;
  const read = spec.read as AdminScreen['read'];
  return {
    name,
    page: ADMIN_PAGES[name],
    query,
    params,
    role,
    read,
    route: route<StaffSession>('GET', ADMIN_READS[name], {
      guard: reads(role),
      limit: 'none',
      summary,
      ...(query === undefined ? {} : { query }),
      ...(params === undefined ? {} : { params }),
      run: async (deps, caller, session, input) => ({ body: await read(deps, caller, session, input) }),
    }),
  };
}

/** Something that is done. */
export interface AdminDeed {
  readonly name: AdminAct;
  readonly route: Route;
  readonly body: ObjectSchema | undefined;
  readonly params: ObjectSchema | undefined;
  /** Its answer is shown once and never again: secrets, and how a test went. */
  readonly shows: boolean;
  /** Its answer says where the browser goes now: `oAuthUrl`. */
  readonly leads: boolean;
  readonly act: (deps: Deps, caller: Caller, session: CurrentSession, input: Input<unknown, unknown, unknown>) => Promise<Answer>;
}

export function adminAct<Body = unknown, Params = unknown>(
  name: AdminAct,
  spec: {
    readonly role: Exclude<StaffRole, 'support'>;
    /** It destroys, gives rights or tells a secret: who acts has proven a moment ago who they are. */
    readonly fresh: boolean;
    readonly shows?: boolean;
    /** It begins at another site: the answer's body says where, as `oAuthUrl`. The screen is shown on the way. */
    readonly leads?: boolean;
    /** As in every table of routes; `none` unless it mails or calls somebody. */
    readonly limit?: string;
    readonly summary: string;
    readonly body?: ObjectSchema;
    readonly params?: ObjectSchema;
    readonly run: (deps: Deps, caller: Caller, session: StaffSession, input: Input<Body, unknown, Params>) => Promise<Answer>;
  },
): AdminDeed {
  const { role, fresh, summary, body, params } = spec;
  const run = spec.run as (deps: Deps, caller: Caller, session: StaffSession, input: Input<unknown, unknown, unknown>) => Promise<Answer>;
  return {
    name,
    body,
    params,
    shows: (spec.shows ?? false) || spec.leads === true,
    leads: spec.leads ?? false,
    act: async (deps, caller, session, input) =>
      run(deps, { ...caller, actorId: session.userId }, requireAct(deps, session, role, fresh), input),
    route: route<StaffSession>('POST', ADMIN_ACTS[name], {
      guard: acts(role, fresh),
      limit: spec.limit ?? 'none',
      summary,
      ...(body === undefined ? {} : { body }),
      ...(params === undefined ? {} : { params }),
      run: (deps, caller, session, input) => run(deps, { ...caller, actorId: session.userId }, session, input),
    }),
  };
}

/** A list as a file. */
export interface AdminExport {
  readonly path: string;
  readonly route: Route;
  readonly query: ObjectSchema;
  readonly role: StaffRole;
  readonly write: (deps: Deps, caller: Caller, session: StaffSession, input: Input<unknown, unknown, unknown>) => Promise<Answer>;
}

export function adminExport<Query>(
  path: string,
  spec: {
    readonly summary: string;
    readonly query: ObjectSchema;
    readonly write: (deps: Deps, caller: Caller, session: StaffSession, input: Input<unknown, Query, unknown>) => Promise<Answer>;
  },
): AdminExport {
  const { summary, query } = spec;
  const write = spec.write as AdminExport['write'];
  const guard = reads('support');
  return {
    path,
    query,
    role: 'support',
    write,
    route: route<StaffSession>('GET', path, { guard, limit: 'none', summary, query, run: write }),
  };
}

/** The role first: whoever may not do it at all is not asked for a proof. */
function requireAct(deps: Deps, session: CurrentSession, role: StaffRole, fresh: boolean): StaffSession {
  const staff = requireRole(session, role);
  if (fresh) requireFreshProof(deps, staff, ADMIN_FRESH_FOR);
  return staff;
}

export function reads(role: StaffRole): Guard<StaffSession> {
  return named(`${role}Reads`, async (deps, caller) => requireRole(await cookieAndDatabase(deps, caller), role));
}

function acts(role: StaffRole, fresh: boolean): Guard<StaffSession> {
  return named(`${fresh ? 'fresh ' : ''}${role}`, async (deps, caller) =>
    requireAct(deps, await cookieCsrfAndDatabase(deps, caller), role, fresh),
  );
}

/** The documents and the tests of the guards know a guard by its name. */
function named<Proof>(name: string, guard: Guard<Proof>): Guard<Proof> {
  return Object.defineProperty(guard, 'name', { value: name });
}
