-- Client sites, what OAuth keeps for a moment, consents, roles at a site, and the outbox of back-channel logouts.

-- Lists are JSON text. What a site may be told, where it may be sent back to, and how its tokens are made.
alter table clients add column redirect_uris text not null default '[]';
alter table clients add column post_logout_uris text not null default '[]';
alter table clients add column backchannel_logout_uri text;
alter table clients add column logo_uri text;
-- Scopes that the site may ask for.
alter table clients add column scopes text not null default '["openid","profile","email","offline_access"]';
-- Names of the roles that the site defines; which user has which stands in client_roles.
alter table clients add column roles text not null default '[]';
-- Of a verifier: whose revocations it is told besides its own.
alter table clients add column audiences text not null default '[]';
-- secret | private_key_jwt | none
alter table clients add column authentication text not null default 'none';
-- JSON Web Key Set of a client that proves itself by private_key_jwt.
alter table clients add column jwks text;
-- required | nonce: `nonce` only for a confidential OpenID client that cannot do PKCE (RFC 9700 2.1.1).
alter table clients add column pkce text not null default 'required';
-- Of access tokens: ES256 | EdDSA | HS256. Of ID tokens: ES256 | RS256 | EdDSA.
alter table clients add column access_alg text not null default 'ES256';
alter table clients add column id_alg text not null default 'ES256';
-- Milliseconds; null = the setting.
alter table clients add column access_life bigint;
alter table clients add column idle_life bigint;
-- auto | once | always: whether "Continue to B as Ada" is asked.
alter table clients add column confirmation text not null default 'once';
-- grant | session: what ends when a copied refresh token of this site is seen.
alter table clients add column reuse_ends text not null default 'grant';
-- Client version: rises when the site is disabled; tokens made before are then refused.
alter table clients add column cv bigint not null default 1;

-- Secrets of client sites; two live while one is being replaced.
create table client_secrets (
  id text primary key,
  client_id text not null references clients (id) on delete cascade,
  -- authentication | signing
  purpose text not null,
  -- Of authentication: the secret has 256 random bits, so a plain hash will do.
  hash text,
  -- Of signing (HS256): sealed under the master key, because tokens are made with it.
  sealed text,
  created_at bigint not null,
  -- A signing secret is made before it is used, so that the site can take it in.
  current_from bigint not null,
  expires_at bigint
);
create index client_secrets_by_client on client_secrets (client_id, purpose);

-- What a user may do at one site, in that site's own words.
create table client_roles (
  user_id text not null references users (id) on delete cascade,
  client_id text not null references clients (id) on delete cascade,
  roles text not null,
  changed_at bigint not null,
  primary key (user_id, client_id)
);

-- "Continue to B as Ada", said once.
create table consents (
  user_id text not null references users (id) on delete cascade,
  client_id text not null references clients (id) on delete cascade,
  -- Space-separated, sorted.
  scope text not null,
  given_at bigint not null,
  primary key (user_id, client_id)
);

-- Requests to /oauth/authorize that were pushed (RFC 9126), or that wait while somebody signs in or is asked.
create table authorization_requests (
  id_hash text primary key,
  client_id text not null references clients (id) on delete cascade,
  -- pushed | waiting
  origin text not null,
  parameters text not null,
  -- The session in whose name "continue" was said for this very request, and when.
  approved_session_id text,
  approved_at bigint,
  -- "Do not continue" was said.
  denied_at bigint,
  created_at bigint not null,
  expires_at bigint not null,
  used_at bigint
);
create index authorization_requests_by_end on authorization_requests (expires_at);

create table authorization_codes (
  hash text primary key,
  client_id text not null references clients (id) on delete cascade,
  session_id text not null references sessions (id) on delete cascade,
  user_id text not null references users (id) on delete cascade,
  redirect_uri text not null,
  -- S256 challenge; '' for a client that is allowed to go without.
  challenge text not null,
  scope text not null,
  nonce text,
  -- JWK thumbprint of the DPoP key that the code is bound to; '' = none.
  dpop_key text not null,
  created_at bigint not null,
  expires_at bigint not null,
  used_at bigint,
  -- What it issued: ended when the code comes again.
  family_id text
);
create index authorization_codes_by_end on authorization_codes (expires_at);

create table device_codes (
  device_hash text primary key,
  user_code_hash text not null unique,
  client_id text not null references clients (id) on delete cascade,
  scope text not null,
  -- JWK thumbprint of the DPoP key that it was asked for with; '' = none.
  dpop_key text not null,
  -- What the device said of itself, shown to whoever is to approve it.
  user_agent text not null,
  address text not null,
  -- waiting | approved | denied | used
  state text not null,
  -- Whoever typed the code: nobody else may answer.
  user_id text references users (id) on delete cascade,
  -- The user version and the proofs of the session that approved.
  uv_read bigint,
  amr text,
  auth_time bigint,
  interval_ms bigint not null,
  polled_at bigint,
  created_at bigint not null,
  expires_at bigint not null
);
create index device_codes_by_end on device_codes (expires_at);

-- Names that may be used once: client assertions, DPoP proofs, sign-in tickets, join tickets.
create table spent_ids (
  id text primary key,
  expires_at bigint not null
);
create index spent_ids_by_end on spent_ids (expires_at);

-- Back-channel logouts that are to be delivered.
create table logouts (
  id text primary key,
  -- No reference: a site that is removed is told of it, so all that the news needs stands here.
  client_id text not null,
  uri text not null,
  -- How the site wants the news to be signed: as its ID tokens.
  alg text not null,
  user_id text not null,
  session_id text not null,
  created_at bigint not null,
  next_try_at bigint not null,
  tries bigint not null,
  sent_at bigint,
  given_up_at bigint,
  -- Why the last try failed.
  problem text
);
create index logouts_by_try on logouts (next_try_at);

-- browser | device: a device that was approved has a session of its own.
alter table sessions add column kind text not null default 'browser';
alter table refresh_tokens add column scope text not null default '';
-- JWK thumbprint of the key that every refresh of this family is proven with; null = none.
alter table refresh_tokens add column dpop_key text;
create index refresh_tokens_by_user on refresh_tokens (user_id, client_id, state);
create index refresh_tokens_by_client on refresh_tokens (client_id, state);
-- Kinds of revocations from here on: sid | family | sub | client | kid. (A family, and not session with client: whoever signs
-- out of a site and in again stays in the same session.) Of client, minimum_uv is the smallest client version that is good.
create index revocations_by_subject on revocations (kind, subject);
