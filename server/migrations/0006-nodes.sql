-- Processes that serve from this database. Each says every few seconds that it lives.
create table nodes (
  id text primary key,
  -- Of the program, so that an operator sees which nodes still run the one before.
  version text not null,
  -- The machine's own name, and the number of the process on it.
  host text not null,
  pid bigint not null,
  -- Which master key it holds, as `data_keys` calls it: while it lives, that key has to open everything.
  master_key_id text not null,
  started_at bigint not null,
  seen_at bigint not null,
  -- Since when it takes no new work.
  leaving_at bigint
);
create index nodes_by_sight on nodes (seen_at);
