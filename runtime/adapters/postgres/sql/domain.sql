-- One domain's schema. Runtime roles may add to the journal and read it; nobody but the owner may change it.
create schema if not exists {domain};

create table if not exists {domain}.journal (
  partition smallint not null,
  position bigint not null generated always as identity,
  txid xid8 not null default pg_current_xact_id(),
  topic text not null,
  stream text not null,
  version integer check (version > 0),  -- events only: commands and captured changes leave no holes in a sequence
  id text not null,
  type text not null,
  data json not null,
  meta json not null,
  recorded_at timestamptz not null default clock_timestamp(),
  constraint journal_id primary key (id),
  constraint journal_stream_version unique (stream, version)
);
create index if not exists journal_reading_order on {domain}.journal (topic, partition, txid, position);

create table if not exists {domain}.requests (
  actor text not null,
  mutation text not null,
  key text not null,
  fingerprint text not null,
  stream text,
  version integer not null default 0,
  partition smallint not null default 0,
  txid xid8,
  position bigint,
  refusal_type text,
  refusal json,
  stored_at timestamptz not null default now(),
  constraint requests_key primary key (actor, mutation, key)
);

create table if not exists {domain}.claims (
  scope text not null,
  key text not null,
  stream text not null,
  primary key (scope, key, stream)
);
create table if not exists {domain}.places (
  scope text not null,
  key text not null,
  taken integer not null check (taken >= 0),
  primary key (scope, key)
);

create table if not exists {domain}.timers (
  id text primary key,
  at timestamptz not null,
  type text not null,
  data json not null
);
create index if not exists timers_at on {domain}.timers (at);

create table if not exists {domain}.checkpoints (
  consumer text not null,
  topic text not null,
  partition smallint not null,
  txid xid8 not null,
  position bigint not null,
  moved_at timestamptz not null default now(),
  primary key (consumer, topic, partition)
);

create table if not exists {domain}.dead_letters (
  consumer text not null,
  key text not null,
  journal text not null,
  partition smallint not null,
  txid xid8 not null,
  position bigint not null,
  topic text not null,
  stream text not null,
  version integer,
  id text not null,
  type text not null,
  data bytea not null,  -- as it came: what is poison need not even be JSON
  meta json not null,
  recorded_at timestamptz not null,
  error text not null,
  traceback text not null,
  parked_at timestamptz not null default now(),
  primary key (consumer, id)
);

create table if not exists {domain}.feed_heads (
  feed text not null,
  owner text not null,
  head bigint not null,
  primary key (feed, owner)
);
create table if not exists {domain}.feed_items (
  feed text not null,
  owner text not null,
  sequence bigint not null,
  stream text not null,
  version integer not null,
  primary key (feed, owner, sequence)
);

-- The last revision of rows deleted by hand, so that a row of the same key goes on counting.
create table if not exists {domain}.tombstones (
  table_name text not null,
  key jsonb not null,
  revision bigint not null,
  primary key (table_name, key)
);
