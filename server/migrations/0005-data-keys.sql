-- Keys that outlive the master key.

-- What everything secret in the database is sealed with (envelope encryption): the master key seals only these. Key 0 is the master key that the
-- installation was born with, so that what was sealed before there were data keys still opens.
create table data_keys (
  id bigint not null,
  -- Which master key opens this copy: part of a hash of it. During a change of the master key each data key stands here twice.
  master_key_id text not null,
  sealed text not null,
  created_at bigint not null,
  -- From when new secrets are sealed with it; before that it is only readable.
  current_from bigint not null,
  -- From when nothing more is opened with it: it only proves what the audit log holds. Null: it still opens.
  ended_at bigint,
  -- How many secrets older keys still seal, as the job counted that seals them anew under this one. Null: not yet.
  older_left bigint,
  primary key (id, master_key_id)
);

-- Which data key the digests and the seals of the audit log were made with.
alter table events add column digest_key bigint not null default 0;
alter table event_seals add column key_id bigint not null default 0;
