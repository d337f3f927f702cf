import { COOKIES } from '@portico/protocol/cookies';
import { Refusal } from '@portico/protocol/errors';
import type { AccessClaims } from '@portico/protocol/tokens';
import { decodeJwt } from 'jose';
import { extendHard, extendSoft } from '../../src/auth/extend-auth.ts';
import { refresh } from '../../src/auth/refresh.ts';
import { sessionStatus } from '../../src/auth/session-status.ts';
import type { Deps } from '../../src/deps.ts';
import type { Answer as ServerAnswer } from '../../src/sessions/answer.ts';
import { OUR_PAGES } from '../../src/sessions/browser-client.ts';
import type { Outcome, Request } from './history.ts';
import type { Ran } from './interleaving.ts';
import { callerWith, type System } from './system.ts';

/** One request at the real verbs, and what it was answered. */
export async function ask(system: System, deps: Deps, request: Request): Promise<ServerAnswer> {
  const { call, holding, attempt } = request;
  if (system.kind === 'native')
    return refresh(deps, callerWith({ attempt }), OUR_PAGES, { refreshToken: holding.token, clientId: system.clientId });
  const device = request.withDevice ? system.device : null;
  const caller = callerWith({ refresh: holding.token, csrf: holding.csrf, device, attempt });
  switch (call) {
    case 'refresh':
      return refresh(deps, caller, OUR_PAGES, {});
    case 'extendHard':
      return extendHard(deps, caller, OUR_PAGES);
    case 'extendSoft':
      return extendSoft(deps, caller, OUR_PAGES);
    case 'session':
      return sessionStatus(deps, caller, OUR_PAGES);
  }
}

/** The machine that tests us has other things to do: that says nothing about the protocol. */
export function isTooBusy(thrown: unknown): boolean {
  return thrown instanceof Refusal && thrown.code === 'unavailable';
}

export function readOutcome({ outcome }: Ran<ServerAnswer>): Outcome {
  if (outcome === null) return { kind: 'nothing' };
  if ('thrown' in outcome) {
    const { thrown } = outcome;
    if (!(thrown instanceof Refusal)) throw thrown;
    return isTooBusy(thrown) ? { kind: 'nothing' } : { kind: 'refused', code: thrown.code };
  }
  const { body, cookies = [] } = outcome.result;
  const said = (body ?? {}) as Partial<Said>;
  if (said.accessToken === undefined || said.kind === undefined) return { kind: 'done' };
  const token = said.refreshToken ?? cookies.find(({ name }) => name === COOKIES.refresh)?.value ?? '';
  return {
    kind: said.kind,
    holding: { token, gen: said.gen ?? -1, csrf: said.csrfToken ?? '' },
    claims: decodeJwt<AccessClaims>(said.accessToken),
  };
}

/** The body of a refresh, as docs/api.md promises it. */
interface Said {
  readonly kind: 'rotated' | 'replayed';
  readonly accessToken: string;
  readonly gen: number;
  readonly csrfToken: string;
  readonly refreshToken: string;
}
