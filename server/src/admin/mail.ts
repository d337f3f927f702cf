import { OUTBOX_COUNTED_MOST } from '@portico/protocol/admin';
import { Refusal } from '@portico/protocol/errors';
import type { LetterItem, LogoutItem, MailContent, OutboxName, OutboxState } from '@portico/ui/admin-views';
import { maskEmail } from '../accounts/email.ts';
import { recordEvent } from '../audit/event.ts';
import type { Caller } from '../caller.ts';
import { countWaitingLogouts, type ListedLogout, listLogoutsPage } from '../clients/logout-list.ts';
import { hurryLogout } from '../clients/logout-outbox.ts';
import type { Deps } from '../deps.ts';
import { dropWaitingLetter, findWaitingLetter, hurryLetter, type WaitingLetter } from '../mail/outbox.ts';
import { countWaitingLetters, type ListedLetter, listLettersPage } from '../mail/outbox-list.ts';
import type { Answer } from '../sessions/answer.ts';
import { requireConfirmed } from './confirmed.ts';
import { askPage, type ListQuery, pageOf } from './list-page.ts';

export interface OutboxesQuery extends ListQuery {
  readonly list?: OutboxName;
  readonly state?: OutboxState;
}

const mark = ({ createdAt, id }: { readonly createdAt: number; readonly id: string }) => ({ key: createdAt, id });

export async function readOutboxes(deps: Deps, query: OutboxesQuery): Promise<MailContent> {
  const { list = 'letters', state = 'waiting' } = query;
  const ask = askPage(deps, 'outboxes', query);
  const paged = { list: 'outboxes', query, mark };
  const [rows, letters, logouts] = await Promise.all([
    list === 'letters' ? listLettersPage(deps, state, ask) : listLogoutsPage(deps.db, state, ask),
    countWaitingLetters(deps.db, OUTBOX_COUNTED_MOST),
    countWaitingLogouts(deps.db, OUTBOX_COUNTED_MOST),
  ]);
  return {
    list,
    state,
    letters: list === 'letters' ? pageOf(deps, { ...paged, rows: rows as ListedLetter[], item: letterItem }) : null,
    logouts: list === 'logouts' ? pageOf(deps, { ...paged, rows: rows as ListedLogout[], item: logoutItem }) : null,
    counts: { letters, logouts },
    mailServer: deps.config.smtpUrl !== '',
  };
}

function letterItem({ nextTryAt, ...letter }: ListedLetter): LetterItem {
  return { ...letter, nextTryAt: letter.givenUpAt === null ? nextTryAt : null };
}

function logoutItem({ clientId, clientName, nextTryAt, ...logout }: ListedLogout): LogoutItem {
  return { ...logout, site: { id: clientId, name: clientName }, nextTryAt: logout.givenUpAt === null ? nextTryAt : null };
}

/** A letter that waits is due now. One that was given up is erased; there is nothing left to send. */
export async function retryLetter(deps: Deps, caller: Caller, id: string): Promise<Answer> {
  await deps.db.transaction(async (tx) => {
    const letter = await findWaitingLetter(deps, tx, id);
    if (letter === null || !(await hurryLetter(tx, id, deps.now()))) throw new Refusal('not_found');
    await recordEvent(tx, deps, caller, 'mail.retried', { ...aboutLetter(id, letter), before: { tries: letter.tries } });
  });
  deps.mailWaits();
  return { status: 204 };
}

/** Whoever waits for it has to ask for another: a code that was in it is nowhere else. */
export async function dropLetter(deps: Deps, caller: Caller, id: string, confirm: string): Promise<Answer> {
  await deps.db.transaction(async (tx) => {
    const letter = await findWaitingLetter(deps, tx, id);
    if (letter === null) throw new Refusal('not_found');
    requireConfirmed(confirm, letter.to ?? id);
    if (!(await dropWaitingLetter(tx, id))) throw new Refusal('not_found');
    await recordEvent(tx, deps, caller, 'mail.dropped', {
      ...aboutLetter(id, letter),
      before: { kind: letter.kind, tries: letter.tries },
      after: { dropped: true },
    });
  });
  return { status: 204 };
}

/** A site that was given up is asked once more; another refusal, and it is given up again. */
export async function retryLogout(deps: Deps, caller: Caller, id: string): Promise<Answer> {
  await deps.db.transaction(async (tx) => {
    const logout = await hurryLogout(tx, id, deps.now());
    if (logout === null) throw new Refusal('not_found');
    const { clientId, sessionId, tries } = logout;
    await recordEvent(tx, deps, caller, 'logout.retried', { target: { kind: 'logout', id }, clientId, sessionId, before: { tries } });
  });
  return { status: 204 };
}

function aboutLetter(id: string, { to }: WaitingLetter) {
  return { target: { kind: 'mail', id }, reason: to === null ? null : maskEmail(to) } as const;
}
