import type { ErrorCode, OAuthErrorCode } from '@portico/protocol/errors';
import type { CODES as CLIENT_CODES } from '../../sdk/client/src/error.ts';
import type { PorticoCode } from '../../sdk/server/src/errors.ts';

/** Code -> who meets it, and how it comes to that. A code without a line is a type error. */
export const WHEN: Readonly<Record<ErrorCode, string>> = {
  bad_request:
    'A program that sends JSON which is none, an address that cannot be decoded, or a form in which one field stands twice. Pages of Portico never do.',
  invalid_fields:
    'Whoever fills in a form or writes a call: a field is missing, has another form than it should, or is not known to the call. Nothing was written.',
  bad_attempt:
    'A program that refreshes by its own means. The header names the generation that is being spent and 128 random bits, so that a repeated request is told from a copied token.',
  two_tokens:
    'A program that refreshes from a browser that has a cookie of Portico too. It is not decided by guessing which of the two was meant.',
  refresh_invalid:
    'A browser or an app without a refresh token, or with one that Portico never made, that belongs to another client, or whose sign-in was deleted long ago.',
  session_ended:
    'An app that refreshes after its sign-in ended: by signing out here or elsewhere, by the idle or the absolute end, by a changed password, or because the site was taken out of service.',
  wrong_code: 'Somebody who typed a mailed code that is not the one. Each wrong one costs one of the tries.',
  code_expired:
    'Somebody who types a code after ten minutes, after the last try, or after a newer code was sent; also where nothing waits for a code at all.',
  link_expired: 'Somebody who opens the link of a letter for the second time, too late, or after a newer letter made it void.',
  link_of_another: 'Somebody who opens a link that was made for another address: signed in as somebody else, or with another one typed.',
  grant_refused:
    'A backend that redeems an authorization code: the code was used, is older than a minute, was made for another client or redirect URI, or the verifier does not fit its challenge.',
  ticket_refused:
    'A secondary server or a game server that redeems a ticket: it was used, is older than a minute, was made for somebody else, or the session behind it has ended.',
  site_unknown:
    'A browser that is sent to Portico by a site that is not registered, or was disabled. People see it as a page, because Portico sends nobody to an address that no site has vouched for.',
  redirect_refused:
    'A browser that is sent to Portico with a redirect URI that is not registered character by character: another port, a missing slash at the end, `localhost` in place of `127.0.0.1`.',
  request_expired:
    'Somebody who comes back to a question of Portico (sign-in, consent) after an hour, in another browser, or after it was answered.',
  logout_refused: 'A site that asks for a sign-out with an ID token that is not Portico’s, or that was made for another site.',
  user_code_unknown: 'Somebody who types the code of a television or a game: it was mistyped, used, or is older than ten minutes.',
  roles_unknown: 'An operator who gives somebody a role that the site has not defined. Nothing was changed.',
  bad_state:
    'A browser that comes back from another service without having begun there: the cookie of the beginning is missing or too old, the address was opened a second time, or somebody planted it.',
  provider_refused: 'Somebody who said no at the other service, or whose account there gives no profile that can be used.',
  provider_email_missing:
    'Somebody whose account at the other service has no confirmed e-mail address, without which no account is made here.',
  provider_not_offered: 'A program that asks for a provider which Portico knows and this installation has no credentials for.',
  email_taken:
    'Somebody who comes from another service with an address that has an account here already. The two are not joined by the address alone: who controls the one need not control the other.',
  identity_taken: 'Somebody who links an account of another service that signs in a different person here.',
  other_identity_linked: 'Somebody who links a second account of the same service. There is one for each service.',
  last_way_in: 'Somebody who takes away the only way left to sign in.',
  last_owner:
    'The last owner who deletes the own account, and whoever takes that role away or suspends them. Suspended owners do not count.',
  key_in_use: 'An owner who drops the key that signs, or that new sign-ins are made with: without it there would be none.',
  rotation_waits:
    'An owner who rotates the keys while the next ones still wait to be used, or while all 64 numbers of chain keys are taken. Of several at once one makes them.',
  site_changed: 'An operator who changes a client site from a form that was made before somebody else changed the same site.',
  own_account: 'An operator who suspends, resets or deletes the own account in the admin page.',
  user_suspended: 'An operator who forces a new password on an account that is suspended.',
  provider_failed: 'Anybody who signs in by another service while it does not answer, answers too late, or with an error of its own.',
  signup_closed: 'Anybody who signs up where the operator has closed it (`PORTICO_SIGNUP=closed`).',
  signup_by_invitation: 'Anybody who signs up without an invitation where one is needed (`PORTICO_SIGNUP=invite`).',
  signup_domain_refused: 'Anybody who signs up with an address whose domain is none of `PORTICO_SIGNUP_DOMAINS`.',
  signed_out:
    'A program whose access token is missing, expired, revoked or made for somebody else. A browser whose sign-in has ended sees the sign-in page.',
  client_refused: 'A backend that proves itself by a wrong or replaced secret or key, or that was disabled.',
  signin_by_redirect:
    'The page of a secondary server that asks for a ticket without a redirect, where somebody has to look at a page of Portico first.',
  wrong_credentials:
    'Somebody who signs in with a password that does not fit, an address without an account, or one that was never proven. The answer takes the same time for all of them.',
  wrong_password: 'Somebody who is signed in and confirms a change with a wrong password.',
  fresh_signin_required:
    'Somebody who changes what is sensitive (password, address, ways in, export, deletion) more than ten minutes after proving who they are; or the user of a site whose route asks for the same.',
  role_required:
    'Somebody who is signed in but does not work here and calls the admin API; support who acts; an admin who acts on an owner or on another admin.',
  csrf_failed:
    'A page that changes something by cookie without the CSRF token of this session: it was opened before a new sign-in, or a page of another site sent the form.',
  origin_refused: 'A page at an origin that is not registered for the client, or a request that another site’s page made a browser send.',
  session_held:
    'The browser or app whose sign-in Portico has paused, because a copy of its refresh token was seen or it was used from somewhere unusual. The owner goes on by typing a mailed code; whoever copied it cannot.',
  not_found: 'Anybody who asks for what is not there, or is not theirs.',
  method_not_allowed: 'A program that asks in the wrong way, such as GET where only POST changes something.',
  request_timeout:
    'Anybody whose request takes longer to arrive than the server waits: a very slow line, or a program that holds connections open.',
  retry: 'A second tab that refreshes at the same moment with an attempt of its own. One of the two has won; nobody was signed out.',
  too_large: 'A program that sends more than a call takes.',
  unsupported_media_type: 'A program that sends a form or text where JSON is taken, or forgets the header.',
  password_refused: 'Somebody who chooses a password that is too short, too long, common, or made of the name and the address.',
  too_many_requests: 'Anybody who asks for the same more often than it makes sense, such as new codes by mail.',
  account_throttled:
    'Somebody whose account has seen many wrong passwords or codes in a short time, from anywhere. It ends by itself, and a device that the account knows may still get in.',
  address_suspended:
    'Everybody behind a network from which passwords were guessed. The pause grows each time; the operator sees it with `portico suspension list` and can lift it.',
  internal: 'Anybody, through a mistake in Portico. The log has the cause under the request id.',
  bad_gateway: 'A visitor whose request was answered wrongly by what stands behind a proxy.',
  unavailable: 'Anybody while the database cannot be reached or answers too late. Who is signed in stays so.',
  busy: 'Somebody who signs in while more passwords wait to be checked than the machine can take. Checking is slow on purpose, and the queue is short, so that nobody waits for long.',
  refresh_busy: 'A backend of which several processes refresh one token at the same moment with different attempts.',
  gateway_timeout: 'A visitor whose request took too long behind a proxy.',
};

interface Words {
  readonly when: string;
  readonly todo: string;
}

/** OAuth's own words, at the endpoints below /oauth. */
export const OAUTH_WORDS: Readonly<Record<OAuthErrorCode, Words>> = {
  invalid_request: {
    when: 'A parameter is missing, malformed, or stands twice; or PKCE is missing.',
    todo: 'Read `error_description` and mend the request. Repeating it changes nothing.',
  },
  invalid_client: {
    when: 'The client could not prove itself: unknown id, wrong secret, an assertion that is too old or was used, or a client out of service.',
    todo: 'Check id and secret; `portico client rotate-secret` makes another one.',
  },
  invalid_grant: {
    when: 'The code, refresh token or device code is used up, too old, revoked, of another client, or does not fit its verifier, redirect URI or key.',
    todo: 'Begin the sign-in again. Of a refresh token that was sent with `Portico-Attempt`: the sign-in has ended.',
  },
  unauthorized_client: {
    when: 'The client is not registered for this way to get tokens, proves nothing where it must, or asks for `response_type=none` from elsewhere than its own origin.',
    todo: 'Compare its kind and scopes with `portico client list --json`.',
  },
  unsupported_grant_type: {
    when: '`grant_type` is none that this server knows.',
    todo: 'Use one of `grant_types_supported` in the discovery document.',
  },
  unsupported_response_type: {
    when: '`response_type` is neither `code` nor, for an app in the browser, `none`.',
    todo: 'Use `code` with PKCE. The implicit and hybrid flows are not offered (OAuth 2.1).',
  },
  unsupported_token_type: {
    when: 'The token of a machine was sent to `/oauth/revoke`. It belongs to no grant that could end.',
    todo: 'Nothing: it ends by itself within minutes. `portico client disable` ends all of them at once.',
  },
  invalid_scope: {
    when: 'A scope was asked for that does not exist, or that the client is not registered for; or more than the grant has.',
    todo: 'Ask for less, or register the client with `--scope`.',
  },
  invalid_target: {
    when: 'A token was asked for with a `resource` or audience that the client may not name.',
    todo: 'Leave it out: tokens are for the client itself.',
  },
  invalid_request_uri: {
    when: 'A pushed request was used, is older than its life, or was pushed by another client.',
    todo: 'Push the request again, and send the browser at once.',
  },
  request_not_supported: { when: 'A request object (`request`) was sent.', todo: 'Push the request to `/oauth/par`.' },
  request_uri_not_supported: {
    when: '`request_uri` is an address and not the name of a pushed request.',
    todo: 'Push the request to `/oauth/par`. Portico fetches nothing from addresses that a browser brings.',
  },
  registration_not_supported: {
    when: 'The client described itself in the request (`registration`).',
    todo: 'Register it on the command line: `portico client add`.',
  },
  access_denied: {
    when: 'The user said no, on the page that asks or at the device.',
    todo: 'Show that nobody was signed in, and a button to begin again. Do not begin by yourself.',
  },
  login_required: {
    when: 'It was asked with `prompt=none`, and nobody is signed in, or not freshly enough for `max_age`.',
    todo: 'Send the browser again without `prompt=none`, when the user asks for it.',
  },
  consent_required: {
    when: 'It was asked with `prompt=none`, and the user has not yet agreed to continue to this site.',
    todo: 'Send the browser again without `prompt=none`.',
  },
  interaction_required: {
    when: 'It was asked with `prompt=none`, and the sign-in waits for a mailed code.',
    todo: 'Send the browser again without `prompt=none`.',
  },
  account_selection_required: {
    when: 'It was asked with `prompt=none`, and it is not clear which account is meant.',
    todo: 'Send the browser again with `prompt=select_account`.',
  },
  authorization_pending: {
    when: 'The device asks for its token before somebody has typed its code.',
    todo: 'Ask again after `interval` seconds.',
  },
  slow_down: {
    when: 'The device asks more often than `interval` says.',
    todo: 'Add five seconds to the interval, for good (RFC 8628 3.5).',
  },
  expired_token: {
    when: 'Nobody typed the code of the device within its life.',
    todo: 'Ask for another code when the player wants to go on.',
  },
  invalid_dpop_proof: {
    when: 'The proof of the key is missing, too old or from the future, was used, or is for another method, address, token or key.',
    todo: 'Make a new proof for each request. Where the clock of the machine is wrong, take the time from the `Date` header of the answer.',
  },
  invalid_token: {
    when: 'The access token is expired, revoked, of another audience, or none.',
    todo: 'Refresh once and repeat; if that is refused, sign in.',
  },
  insufficient_scope: { when: 'The access token lacks the scope that the endpoint asks for.', todo: 'Ask for the scope at the sign-in.' },
  server_error: {
    when: 'A mistake in Portico. The log has its cause under `x-request-id`.',
    todo: 'Report the request id; try again later.',
  },
  temporarily_unavailable: {
    when: 'The database cannot be reached, or another refresh of the same token is under way.',
    todo: 'Repeat the same request, with the same attempt, after `Retry-After`. Nobody was signed out.',
  },
};

/** What `@portico/server` refuses requests of a site with; what to do is its own hint. */
export const VERIFIER_WHEN: Readonly<Record<PorticoCode, string>> = {
  token_missing: 'The request has no `Authorization: Bearer …`, or has it twice.',
  token_invalid: 'The token was not signed by this issuer, is for another audience, has the wrong type or algorithm, or is no token.',
  token_expired: 'The token was good, and its minutes are over.',
  token_revoked: 'The token is signed and unexpired, and the session, the grant, the roles or the client behind it have ended.',
  user_required: 'A machine’s token came to a route that is for people.',
  role_missing: 'The route asks for a role at this site that the user does not have.',
  scope_missing: 'The route asks for a scope that the token does not carry.',
  fresh_signin_required: 'The route asks that the user has proven who they are a short time ago, or in a certain way.',
  revocation_unknown: 'Portico was not heard for five seconds, and this route must not be answered without knowing what is revoked.',
  keys_unavailable: 'The site has no keys of Portico yet, or the token names one that it does not know, and Portico cannot be asked.',
};

/** What `@portico/client` throws by itself. `offline` and `dropped` are no mistakes of anybody. */
export const CLIENT_WORDS: Readonly<Record<keyof typeof CLIENT_CODES, Words>> = {
  options_invalid: {
    when: '`createPortico` was given an issuer that is no address, an empty `clientId`, or a mode that the place of the page does not allow.',
    todo: 'Copy the lines that `portico add` prints.',
  },
  client_unknown: {
    when: 'Portico does not know the client, or knows it at another origin than the page’s own: `localhost` and `127.0.0.1` are two, and each port is another one.',
    todo: 'Open the page at the address that was registered, or register this one: `portico add`.',
  },
  issuer_differs: {
    when: 'What answers at the issuer’s address calls itself by another name. A server that hands out tokens in another’s name is not believed.',
    todo: 'Give `createPortico` the origin that `/.well-known/portico` names as `issuer`.',
  },
  return_to_refused: {
    when: '`signIn` was given a `returnTo` at another origin, or one that a browser would read as such (`//evil.example`).',
    todo: 'Give a path of the app, such as `location.pathname`.',
  },
  redirect_loop: {
    when: 'The page sent the browser to the sign-in three times in ten seconds, and came back each time without anybody being signed in.',
    todo: 'Begin a sign-in only when somebody asks for it. Otherwise look for blocked cookies, or a redirect URI at another origin than the page.',
  },
  storage_unavailable: {
    when: 'The browser gives the page no IndexedDB, without which the mode `pkce` cannot keep a key that no script can read.',
    todo: 'Tell the visitor that this browser, or its private mode, cannot stay signed in here. An app on Portico’s own site needs no storage.',
  },
  offline: {
    when: 'No answer came, or one that did not come from Portico. The session is kept, and asked about again by itself.',
    todo: 'Show what is known, and that it may be old. Do not lead to the sign-in.',
  },
  dropped: {
    when: 'A call was under way when somebody signed in or out, or when `close()` was called. Its answer belongs to a sign-in that is over.',
    todo: 'Nothing. Ask again if it still matters.',
  },
};
