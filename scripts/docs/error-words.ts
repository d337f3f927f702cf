import type { ErrorCode, FieldProblem } from '@portico/protocol/errors';
import { SITE_PROBLEMS, type SiteProblem } from '@portico/protocol/site-problems';

/** Code -> what a program that gets it should do. A code without a line is a type error. */
export const WHAT_TO_DO: Readonly<Record<ErrorCode, string>> = {
  bad_request: 'Mend the request: broken JSON, a broken address, or a form field that came twice. Sending it again changes nothing.',
  invalid_fields: 'Show the causes in `fields` at their fields.',
  bad_attempt: 'Send `Portico-Attempt: <generation>.<22 characters of base64url>`. Nothing was spent.',
  two_tokens: 'Leave out `refreshToken`, or call without the cookie. Nothing was spent.',
  refresh_invalid: 'There is no sign-in: lead to `/login`. Do not ask again.',
  session_ended: 'The sign-in is over: lead to `/login`. Do not ask again.',
  wrong_code: 'Ask for the code again; `triesLeft` says how often that still makes sense.',
  code_expired: 'Offer to send another code (`resend-code`); if that answers the same, begin the sign-up or sign-in again.',
  link_expired: 'Offer to send another letter. The link was used, is too old, or was never one of ours.',
  link_of_another: 'Use the address that the link was made for (`POST setup/link` says which), or sign in with it. The link is still good.',
  bad_state: 'Begin the sign-in again (`get-oauth-url/:authProvider`). Nothing was spent at the provider.',
  provider_refused: 'Show the sentence and offer the other ways in. Beginning again may help; repeating the same call does not.',
  provider_email_missing: 'Tell the person to confirm an address at the provider, or to sign up with a password.',
  provider_not_offered: 'Do not offer this provider: it has no credentials in the settings.',
  email_taken: 'Lead to the sign-in, after which the provider can be linked in the dashboard; or ask for another address.',
  identity_taken: 'Show the sentence. One account of a provider belongs to one account here.',
  other_identity_linked: 'Offer to unlink the other one first.',
  last_way_in: 'Offer to set a password, or to link another provider, first.',
  last_owner: 'Give somebody else the role `owner` first, on the admin page or with `portico user role`. Nothing was written.',
  key_in_use: 'Rotate the keys, and drop the old one when its successor is used, a minute later.',
  rotation_waits: 'Wait a minute, or drop an old chain key. Nothing was written.',
  site_changed:
    'Read the site again (`GET /api/v1/admin/clients/:clientId`), and send the change with its new `version`. Nothing was written.',
  own_account: 'Use the pages of the own account, or leave it to another operator. Nothing was written.',
  user_suspended: 'Let the account in again first; while it is suspended nobody signs in to it anyway. Nothing was written.',
  provider_failed: 'Offer the other ways in, or begin again later with growing pauses. Nothing was written.',
  signup_closed: 'Do not offer sign-up. The answer is the same for every address.',
  signup_by_invitation: 'Ask for the invitation: its link carries `inviteToken`. The answer is the same for every address.',
  signup_domain_refused: 'Ask for another address. The answer does not depend on who has an account.',
  fresh_signin_required: 'Ask for the password, a mailed code or the provider (`POST me/proof`), then repeat the call.',
  role_required: 'Ask an owner for the role, or leave it to somebody who has it. Asking again changes nothing.',
  signed_out: 'Refresh once and repeat the call once with the new access token; if it is refused again, lead to `/login`.',
  signin_by_redirect:
    'Send the browser to `redirectTo`, with a `state` of your own added. There is no ticket: nobody is signed in, the page is on another site, the user was not asked yet, or the sign-in must be renewed first.',
  client_refused: 'Check client id and secret, and that the client is not disabled. Nothing was spent.',
  grant_refused:
    'Begin the sign-in again with `/oauth/authorize`. A code works once, for a minute, with its own `codeVerifier` and `redirectUri`.',
  ticket_refused: 'Ask the browser for another ticket. A ticket works once, for a minute, with its own `codeVerifier`.',
  site_unknown: 'Check `client_id`. The browser is not sent anywhere, because nobody vouches for the address.',
  redirect_refused: 'Register the exact redirect URI. The browser is not sent anywhere, because nobody vouches for the address.',
  request_expired: 'Begin again with a new request to `/oauth/authorize`.',
  logout_refused: 'Send an ID token that was made for this client, or none. Nothing was ended.',
  user_code_unknown: 'Show the sentence. Codes of devices live ten minutes and work once.',
  roles_unknown: 'Show the sentence: the roles of a site are listed with it (`portico client list`).',
  wrong_credentials:
    'Show the sentence and nothing more exact: unknown address, wrong password and unproven address are meant to look alike.',
  wrong_password: 'Ask for the current password again. The sign-in goes on.',
  csrf_failed: 'Fetch the CSRF token again (`GET session`, or a refresh) and repeat once.',
  origin_refused: 'The call did not come from the page that Portico knows: check the three origin settings.',
  session_held: 'Lead the browser to `verifyUrl`. Keep the cookies: they are the way back.',
  not_found: 'Check the address. A session that belongs to somebody else is not found either.',
  method_not_allowed: 'Use a method that the `Allow` header names.',
  request_timeout: 'Send it again; the body arrived too slowly.',
  retry:
    'Read the refresh token (or the cookie `portico_g`) again, then repeat after `Retry-After`. Stop after three times and ask `GET session`.',
  too_large: 'Send less: 64 KiB are the most.',
  unsupported_media_type: 'Send `content-type: application/json`.',
  password_refused: 'Show the cause in `fields` at the field.',
  too_many_requests: 'Wait for `Retry-After` seconds.',
  account_throttled: 'Wait for `Retry-After` seconds. Other accounts are not affected.',
  address_suspended:
    'Wait for `Retry-After` seconds. Everybody behind the same IPv4 address or IPv6 /64 waits too, except who signs in from a device that is known.',
  internal: 'Report `requestId` to the operator. Repeat later.',
  bad_gateway: 'Repeat later with growing pauses.',
  unavailable: 'Repeat after `Retry-After` seconds with growing pauses. The database could not be reached; nobody was signed out.',
  busy: 'Repeat after `Retry-After` seconds. More passwords wait to be checked than the machine can take.',
  refresh_busy:
    'For backends. Read the refresh token again from where you keep it, because another process may have put a newer one there, and repeat after `Retry-After`. Stop after three times and ask `external/session`. Nothing was spent, nobody was signed out.',
  gateway_timeout: 'Repeat later with growing pauses.',
};

const OF_A_SITE = 'While a client site is registered or changed; `about` names the entry, where the field is a list.';

/** Cause of a refused field -> when it is given. */
export const FIELD_CAUSES: Readonly<Record<FieldProblem, string>> = {
  missing: 'A field that must be there is not.',
  malformed: 'Wrong type, too long, or not in its form.',
  unknown: 'A field that the call does not take.',
  email_malformed: 'Not a plain address.',
  password_too_short: 'Fewer characters than `PORTICO_PASSWORD_MIN`.',
  password_too_long: 'More than 4096 bytes.',
  password_common: 'It stands in the bundled list of common passwords.',
  password_context: 'It is little more than the address, the name, the host or the product.',
  confirm_differs: 'What was typed to confirm a destructive act is not the name of what it destroys, or not the address of the account.',
  signup_closed: 'Somebody is invited where `PORTICO_SIGNUP` is `closed`.',
  domain_refused: 'Somebody is invited whose domain is not one of `PORTICO_SIGNUP_DOMAINS`.',
  has_account: 'Somebody is invited who has an account. Only operators are told.',
  nobody_here: 'Nobody has an account with this id or address.',
  role_unknown: 'The site does not define this role.',
  last_owner: 'Nobody else would be left to decide. Somebody else becomes an owner first.',
  ...(Object.fromEntries(SITE_PROBLEMS.map((problem) => [problem, OF_A_SITE])) as Record<SiteProblem, string>),
};
