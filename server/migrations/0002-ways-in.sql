-- Sign-in by providers, mailed links, invitations, what makes a sign-in unusual, and networks that are shut out.

-- Who a user is elsewhere. Provider and subject are the key, never the address: addresses change hands, subjects do not.
create table identities (
  provider text not null,
  subject text not null,
  user_id text not null references users (id) on delete cascade,
  -- What the provider calls them: shown to their owner, compared with nothing.
  label text not null,
  -- JSON of the provider's tokens, sealed under the master key. Null when there are none, or they were given back.
  sealed_tokens text,
  linked_at bigint not null,
  last_used_at bigint not null,
  primary key (provider, subject)
);
-- One account per provider and user, so that "unlink GitHub" says which.
create unique index identities_by_user on identities (user_id, provider);

-- Links that were mailed. The token itself is never stored; a link works once, and changes nothing by being looked at.
create table mail_links (
  token_hash text primary key,
  -- reset_password | verify_email | confirm_email | undo_email | not_me
  purpose text not null,
  user_id text references users (id) on delete cascade,
  -- verify_email: the sign-up that waits. not_me: the sign-in that was told of.
  session_id text references sessions (id) on delete cascade,
  -- confirm_email: the address that is to be proven. undo_email: the address to go back to.
  email text,
  -- The user version when it was made: a password change makes older links worthless.
  uv bigint,
  created_at bigint not null,
  expires_at bigint not null,
  used_at bigint
);
create index mail_links_by_user on mail_links (user_id, purpose);
create index mail_links_by_end on mail_links (expires_at);

create table invitations (
  email_key text primary key,
  email text not null,
  token_hash text not null unique,
  invited_at bigint not null,
  expires_at bigint not null,
  used_at bigint
);
create index invitations_by_end on invitations (expires_at);

-- Where and with what a user has signed in: what the next sign-in is compared with.
create table sightings (
  user_id text not null references users (id) on delete cascade,
  -- network | browser
  kind text not null,
  -- A /24 or /48, or a family of browsers such as "Firefox".
  value text not null,
  last_seen_at bigint not null,
  primary key (user_id, kind, value)
);
create index sightings_by_time on sightings (last_seen_at);

-- Networks that guessed too often. The row stays after its end, so that the next suspension is longer.
create table suspensions (
  -- An IPv4 address or an IPv6 /64.
  network text primary key,
  reason text not null,
  -- How often by now; each time is longer.
  times bigint not null,
  -- Failed tries that led to it.
  tries bigint not null,
  suspended_at bigint not null,
  until bigint not null,
  lifted_at bigint
);
create index suspensions_by_end on suspensions (until);

-- Networks that are never suspended, as CIDR ranges.
create table allowed_networks (
  network text primary key,
  note text not null,
  created_at bigint not null
);

-- When the account was last recovered by mail: for a day every sign-in is looked at closely.
alter table users add column recovered_at bigint;
-- For a week after a change of address codes and the way back still go to the old one.
alter table users add column previous_email text;
alter table users add column previous_email_until bigint;

-- What happened before there was a user is found by its session when there is one.
create index events_by_session on events (session_id);

-- When its user last proved who they are; refreshing does not renew it. Null = at the sign-in (`auth_time`).
alter table sessions add column proved_at bigint;
-- JSON list of the reasons why a waiting sign-in was found unusual; null = a sign-up.
alter table sessions add column unusual text;
-- The user version that was read before the proof of a waiting sign-in was checked: a change since makes it worthless.
alter table sessions add column uv_read bigint;
