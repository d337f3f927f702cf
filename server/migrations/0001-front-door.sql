-- Accounts, sessions, refresh families, keys, mail, audit. Portable: `text` and `bigint` only; moments are epoch milliseconds;
-- a nullable moment says whether *and* when; hashes are base64url text; lists are JSON text.

create table users (
  id text primary key,
  email text not null,
  -- Lower-cased and normalised: what addresses are compared by.
  email_key text not null unique,
  display_name text not null,
  role text not null,
  -- User version: rises when a password changes or rights fall; whatever was issued before is then refused.
  uv bigint not null,
  -- When the address was proven by a code or a provider.
  verified_at bigint,
  suspended_at bigint,
  last_signin_at bigint,
  created_at bigint not null
);

create table passwords (
  user_id text primary key references users (id) on delete cascade,
  hash text not null,
  changed_at bigint not null
);

-- Browsers that a user has signed in from. The cookie itself is never stored.
create table devices (
  user_id text not null references users (id) on delete cascade,
  device_hash text not null,
  user_agent text not null,
  address text not null,
  first_seen_at bigint not null,
  last_seen_at bigint not null,
  primary key (user_id, device_hash)
);

create table clients (
  id text primary key,
  name text not null,
  kind text not null,
  -- JSON list: origins of a browser client, compared exactly.
  origins text not null,
  disabled_at bigint,
  created_at bigint not null
);

create table sessions (
  id text primary key,
  -- Null while a sign-up waits for its code (and for ever in a decoy).
  user_id text references users (id) on delete cascade,
  -- unverified | active | held | revoked
  state text not null,
  -- kept | browser: whether "keep me signed in" was ticked.
  persistence text not null,
  -- JSON list of proofs (RFC 8176).
  amr text not null,
  auth_time bigint not null,
  -- Hash of the cookie that a waiting (unverified) session is known by.
  waiting_hash text unique,
  -- CSRF tokens from before this moment are dying.
  csrf_from bigint not null,
  user_agent text not null,
  address text not null,
  created_at bigint not null,
  touched_at bigint not null,
  -- Absolute end; copied unchanged to every family. Of an unverified session: the end of its waiting.
  expires_at bigint not null,
  held_at bigint,
  held_until bigint,
  ended_at bigint,
  ended_reason text
);
create index sessions_by_user on sessions (user_id, state);
create index sessions_by_end on sessions (state, expires_at);

-- What a sign-up brought with it; it becomes a user only when the code was typed. Many may wait for one address: the first code wins.
create table signups (
  session_id text primary key references sessions (id) on delete cascade,
  email text not null,
  email_key text not null,
  display_name text not null,
  password_hash text not null,
  -- Set when the address already had an account: no code opens this one.
  decoy_at bigint,
  created_at bigint not null
);
create index signups_by_email on signups (email_key, created_at);

-- One row per grant ("family"): the chain's newest link only. Rotation updates the row in place.
create table refresh_tokens (
  id text primary key,
  session_id text not null references sessions (id) on delete cascade,
  client_id text not null references clients (id) on delete cascade,
  user_id text not null references users (id) on delete cascade,
  key_id bigint not null,
  gen bigint not null,
  cur_hash text not null,
  -- Hashes of the attempts of the newest four transitions, newest first, 22 characters each.
  ring text not null,
  -- Hash of the device cookie that a cookie family is bound to.
  device_hash text,
  -- active | held | revoked | replaced
  state text not null,
  created_at bigint not null,
  rotated_at bigint not null,
  expires_at bigint not null,
  idle_at bigint not null,
  ended_at bigint
);
create index refresh_tokens_by_session on refresh_tokens (session_id, client_id, state);
create index refresh_tokens_by_key on refresh_tokens (key_id, state);

create table security_codes (
  session_id text not null references sessions (id) on delete cascade,
  -- Hash of the browser's transaction cookie, for a held session whose token a thief may hold too; '' otherwise.
  browser_hash text not null,
  code_hash text not null,
  tries_left bigint not null,
  sends bigint not null,
  sent_at bigint not null,
  expires_at bigint not null,
  used_at bigint,
  primary key (session_id, browser_hash)
);

-- The truth about what was revoked while tokens are still unexpired.
create table revocations (
  id text primary key,
  -- sid | sid_client | sub
  kind text not null,
  subject text not null,
  -- For `sub`: tokens with a smaller user version are refused.
  minimum_uv bigint,
  inserted_at bigint not null,
  expires_at bigint not null
);
create index revocations_by_time on revocations (inserted_at);
create index revocations_by_end on revocations (expires_at);

create table events (
  id text primary key,
  at bigint not null,
  -- What happened, such as signin.succeeded.
  action text not null,
  actor_id text,
  user_id text,
  session_id text,
  client_id text,
  reason text,
  address text not null,
  user_agent text not null,
  request_id text not null
);
create index events_by_time on events (at);
create index events_by_user on events (user_id, at);

-- The outbox. The letter is sealed under the master key, because it holds codes; the row goes when the letter has gone.
create table mails (
  id text primary key,
  sealed text not null,
  created_at bigint not null,
  next_try_at bigint not null,
  tries bigint not null,
  sent_at bigint,
  given_up_at bigint
);
create index mails_by_try on mails (next_try_at);

create table counters (
  name text primary key,
  count bigint not null,
  expires_at bigint not null
);
create index counters_by_end on counters (expires_at);

create table leases (
  name text primary key,
  holder text not null,
  until bigint not null,
  last_run_at bigint
);

-- Secrets that refresh chains, CSRF tokens and codes are made with. `id` is the key id inside a refresh token.
create table chain_keys (
  id bigint primary key,
  sealed text not null,
  created_at bigint not null,
  current_from bigint not null,
  dropped_at bigint
);

create table signing_keys (
  kid text primary key,
  alg text not null,
  public_jwk text not null,
  sealed text not null,
  created_at bigint not null,
  current_from bigint not null
);
