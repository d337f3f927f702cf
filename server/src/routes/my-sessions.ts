import { AUTH_PATHS } from '@portico/protocol/routes';
import { endOtherSessions, endSession, readSessions } from '../auth/me/sessions.ts';
import { readSites, signOutOfSite } from '../auth/me/sites.ts';
import * as guard from '../http/guards.ts';
import { type Route, route } from '../http/route.ts';
import * as body from '../http/schemas.ts';
import { answerDevice, readDevice } from '../oauth/approve-device.ts';

/** Where one is signed in: on which devices, at which sites. Rows of the table in `app.ts`. */
export const SESSION_ROUTES: readonly Route[] = [
  route<guard.Verified, unknown, body.ListQuery>('GET', AUTH_PATHS.mySessions, {
    guard: guard.cookie,
    limit: 'none',
    summary: 'Own devices and sessions',
    query: body.ListQuery,
    run: (deps, _, session, { query: { cursor, limit } }) =>
      readSessions(deps, session, { limit: Number(limit ?? 50), ...(cursor === undefined ? {} : { cursor }) }),
  }),
  route('DELETE', AUTH_PATHS.mySessions, {
    guard: guard.cookieAndCsrf,
    limit: 'none',
    summary: 'End every session but this one',
    body: body.EmptyBody,
    run: (deps, caller, session) => endOtherSessions(deps, caller, session),
  }),
  route<guard.Verified, unknown, unknown, body.SessionParams>('DELETE', AUTH_PATHS.mySession, {
    guard: guard.cookieAndCsrf,
    limit: 'none',
    summary: 'End one session',
    body: body.EmptyBody,
    params: body.SessionParams,
    run: (deps, caller, session, { params }) => endSession(deps, caller, session, params.id),
  }),
  route<guard.Current>('GET', AUTH_PATHS.mySites, {
    guard: guard.cookieAndDatabase,
    limit: 'none',
    summary: 'Own connected sites',
    run: (deps, _, session) => readSites(deps, session),
  }),
  route<guard.Current, unknown, unknown, body.SiteParams>('DELETE', AUTH_PATHS.mySite, {
    guard: guard.cookieCsrfAndDatabase,
    limit: 'none',
    summary: 'Sign out of one site in every session, and take back what it was allowed',
    body: body.EmptyBody,
    params: body.SiteParams,
    run: (deps, caller, session, { params }) => signOutOfSite(deps, caller, session, params.clientId),
  }),
  route<guard.Current, body.DeviceBody>('POST', AUTH_PATHS.myDevice, {
    guard: guard.cookieCsrfAndDatabase,
    limit: 'guess-network, guess-wider-network, wrong-network, device-user',
    summary: 'Find the device that waits under a typed code',
    body: body.DeviceBody,
    run: (deps, caller, session, input) => readDevice(deps, caller, session, input.body.userCode),
  }),
  route<guard.Current, body.DeviceAnswerBody>('POST', AUTH_PATHS.myDeviceAnswer, {
    guard: guard.cookieCsrfAndDatabase,
    limit: 'none',
    summary: 'Sign a device in, or refuse it',
    body: body.DeviceAnswerBody,
    run: (deps, caller, session, input) => answerDevice(deps, caller, session, input.body),
  }),
];
