-- What all domains share: the clock, where a stream belongs, new ids. No domain's data.
create schema if not exists platform;
grant usage on schema platform to public;

create table if not exists platform.migrations (
  domain text not null,
  name text not null,
  fingerprint text not null,
  migrated_at timestamptz not null default now(),
  primary key (domain, name)
);

create table if not exists platform.clock (
  single boolean primary key default true check (single),
  origin timestamptz not null,
  started timestamptz not null,
  rate double precision not null check (rate > 0)
);
grant select on platform.clock to public;

-- Platform time, as the processes' clock has it: SQL typed by hand is dated like everything else.
create or replace function platform.now() returns timestamptz language sql stable as $$
  select coalesce((select origin + (clock_timestamp() - started) * rate from platform.clock), clock_timestamp())
$$;

-- The number of partitions is part of the stored data: with another one, streams would change their partition.
create or replace function platform.partition_of(stream text) returns smallint
language sql immutable parallel safe as $$
  select (crc32(convert_to(stream, 'UTF8')) % 4)::smallint
$$;

-- A TypeID: prefix and 26 letters of base32 over a UUIDv7.
create or replace function platform.typed_id(prefix text) returns text language sql volatile as $$
  select prefix || '_' || string_agg(
    substr('0123456789abcdefghjkmnpqrstvwxyz', 1 + substring(bits from 1 + 5 * n for 5)::bit(5)::int, 1), '' order by n)
  from (select B'00' || ('x' || replace(uuidv7()::text, '-', ''))::bit(128) as bits) as uuid, generate_series(0, 25) as n
$$;

-- The values of some fields, as one key.
create or replace function platform.key_of(fields jsonb, names text[]) returns jsonb language sql immutable as $$
  select jsonb_agg(fields -> name order by n) from unnest(names) with ordinality as named(name, n)
$$;
