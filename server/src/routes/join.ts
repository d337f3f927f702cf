import { AUTH_PATHS } from '@portico/protocol/routes';
import * as guard from '../http/guards.ts';
import { type Route, route } from '../http/route.ts';
import { JoinTicketBody } from '../http/site-schemas.ts';
import { giveJoinTicket } from '../sso/give-join-ticket.ts';

/** How a game lets its own server know who plays: rows of the table in `app.ts`. */
export const JOIN_ROUTES: readonly Route[] = [
  route<guard.UserSomewhere, JoinTicketBody>('POST', AUTH_PATHS.myJoinTicket, {
    guard: guard.userSomewhere,
    limit: 'none',
    summary: 'A ticket with which a game server lets this user in, once',
    body: JoinTicketBody,
    run: (deps, _, user, { body: { clientId } }) => giveJoinTicket(deps, user, clientId),
  }),
];
