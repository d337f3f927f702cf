import { recordEvent } from '../audit/event.ts';
import type { Caller } from '../caller.ts';
import type { Client } from '../clients/client.ts';
import type { Deps } from '../deps.ts';
import type { Db } from '../platform/db.ts';
import type { SetCookie } from '../sessions/answer.ts';
import { appCookie } from '../sessions/app-answer.ts';
import { openFamily } from '../sessions/open-family.ts';
import { type Granted, peekCookie } from '../sessions/proof-by-cookie.ts';
import { findFamily, newFamilyId } from '../sessions/refresh-token.ts';
import type { Grant } from '../sessions/session.ts';
import { isWithin } from './scope.ts';

export interface AppWish {
  readonly client: Client;
  readonly scope: string;
  /** Whether the app may still be opened, asked once the session is locked. */
  readonly admit: (tx: Db, session: Grant['session']) => Promise<boolean>;
}

/**
 * Signs this browser in at an app, in place of a code: a family that hangs from the session, in a cookie of the API's host that counts only
 * from the origin of the app. So nothing has to be told to anybody, and whoever leads a browser here gains nothing by it. A sign-in that
 * this very cookie already holds goes on: however often one is led here, no family gives way, and no answer under way undoes another.
 * Null: not admitted, or the session has ended.
 */
export async function openApp(
  deps: Deps,
  caller: Caller,
  { grant, family: own }: Granted,
  { client, scope, admit }: AppWish,
): Promise<readonly SetCookie[] | null> {
  const by = { id: client.id, app: client };
  const held = await peekCookie(deps, caller, by);
  const goesOn =
    held.kind === 'granted' && held.isNewest && held.grant.session.id === grant.session.id && isWithin(scope, held.family.scope);
  return deps.db.transaction(async (tx) => {
    let kept = false;
    const opened = await openFamily(tx, deps, {
      id: newFamilyId(deps.random),
      sessionId: grant.session.id,
      clientId: client.id,
      scope,
      dpopKey: null,
      // As the browser's own: a cookie that was copied out of its jar comes without the device.
      deviceHash: own.deviceHash,
      idleLife: client.idleLife,
      admit: async (inTx, _, session) => {
        if (!(await admit(inTx, session))) return false;
        kept = goesOn && (await findFamily(inTx, held.family.id))?.state === 'active';
        return !kept;
      },
    });
    if (opened === null) return kept ? [] : null;
    const { session, user } = opened.grant;
    const facts = { actorId: user.id, userId: user.id, sessionId: session.id, clientId: client.id };
    await recordEvent(tx, deps, caller, 'site.opened', { ...facts, reason: 'cookie' });
    const { refreshToken, idleAt } = opened.family;
    return [appCookie(by, { grant: opened.grant, refreshToken, idleAt, provedAt: opened.provedAt })];
  });
}
