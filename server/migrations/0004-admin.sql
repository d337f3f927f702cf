-- The admin page: acts with what was before and after, seals over the audit log, the link that makes the first owner, and what lists are
-- sorted and searched by.

-- What was acted on: user | client | session | network | key | invitation | mail | logout | provider, and its id.
alter table events add column target_kind text;
alter table events add column target text;
-- JSON: what an act of an operator changed.
alter table events add column before_json text;
alter table events add column after_json text;
-- What says of a person where they were (address, browser, reason) can be forgotten without breaking a seal: the seal covers `digest`, a
-- hash over the salt and those columns. With the salt gone, the digest gives nothing away. Null: written before there were seals.
alter table events add column salt text;
alter table events add column digest text;
-- The seal that covers it; null until then.
alter table events add column seal bigint;
create index events_unsealed on events (at, id) where seal is null;
create index events_by_seal on events (seal) where seal is not null;
-- Every list of events is newest first, and each filter has its own way in.
drop index events_by_time;
create index events_newest on events (at, id);
drop index events_by_user;
create index events_by_user on events (user_id, at, id);
drop index events_by_session;
create index events_by_session on events (session_id, at, id);
create index events_by_action on events (action, at, id);
create index events_by_actor on events (actor_id, at, id) where actor_id is not null;
create index events_by_client on events (client_id, at, id) where client_id is not null;
create index events_by_target on events (target, at, id) where target is not null;
create index events_by_address on events (address, at, id);
create index events_by_request on events (request_id, at, id);

-- A chain: each seal covers a batch of events and the seal before it. A batch whose events have reached the end of their life goes as a whole.
create table event_seals (
  seq bigint primary key,
  -- Over the batch's events, oldest first.
  batch_hash text not null,
  events bigint not null,
  -- The first and the last moment in the batch.
  from_at bigint not null,
  until_at bigint not null,
  previous_hash text not null,
  -- Keyed with the master key, so that whoever can write to the database alone cannot make one: over all of the above.
  hash text not null,
  sealed_at bigint not null,
  -- When the batch's events were deleted because their time was over.
  dropped_at bigint
);
create index event_seals_by_end on event_seals (until_at);

-- How sign-ins went in each hour since the epoch: an event is counted once, when it is sealed.
create table sign_in_hours (
  hour bigint not null,
  action text not null,
  count bigint not null,
  primary key (hour, action)
);

-- One-use links that make an owner. The token itself is never stored.
create table setup_links (
  token_hash text primary key,
  -- For this address only; null: for whoever opens it.
  email text,
  -- start: of the first screen, dropped with the next one | command_line
  made_by text not null,
  created_at bigint not null,
  expires_at bigint not null,
  used_at bigint,
  used_by text
);
create index setup_links_by_end on setup_links (expires_at);

-- Lower-cased and written as hexadecimal bytes: a prefix is then a range, and both databases order it alike whatever their language.
-- Empty: not filled in yet (a job does it).
alter table users add column email_search text not null default '';
alter table users add column name_search text not null default '';
create index users_by_email_search on users (email_search, id);
create index users_by_name_search on users (name_search, id);
create index users_newest on users (created_at, id);
create index users_by_role on users (role, created_at, id);
create index users_by_role_and_email on users (role, email_search, id);
create index users_by_role_and_name on users (role, name_search, id);
create index users_suspended on users (suspended_at, id) where suspended_at is not null;
create index users_suspended_by_email on users (email_search, id) where suspended_at is not null;
create index users_suspended_by_name on users (name_search, id) where suspended_at is not null;

-- The same of client sites, by which their list is sorted.
alter table clients add column name_search text not null default '';
create index clients_by_name_search on clients (name_search, id);
create index clients_by_age on clients (created_at, id);

create index sessions_newest on sessions (created_at, id);
create index sessions_by_address on sessions (address, created_at, id);
create index sessions_by_state on sessions (state, created_at, id);
create index sessions_of_user on sessions (user_id, created_at, id);
create index suspensions_newest on suspensions (suspended_at, network);
create index invitations_newest on invitations (invited_at, email_key);
-- What waits and what was given up is little beside what was delivered.
create index mails_waiting on mails (created_at, id) where sent_at is null and given_up_at is null;
create index mails_given_up on mails (created_at, id) where given_up_at is not null;
create index logouts_waiting on logouts (created_at, id) where sent_at is null and given_up_at is null;
create index logouts_given_up on logouts (created_at, id) where given_up_at is not null;
-- Why the last try failed, as a code: what a mail server said may name people.
alter table mails add column problem text;
create index client_roles_by_client on client_roles (client_id, user_id);
drop index refresh_tokens_by_client;
create index refresh_tokens_of_client on refresh_tokens (client_id, state, user_id);
