-- Commits of one domain, each one statement and so one transaction. SQLSTATEs of class JR say why nothing was written:
-- JR001 transaction owns an xid already, JR002 version ahead, JR003 checkpoint moved, JR004 row moved, JR005 claim taken.

-- Moves a checkpoint if it still is at `before`; at the start there may be none. Or takes a dead letter away, if it is
-- still there. A null consumer has neither.
drop function if exists {domain}.advance(text, text, int, xid8, bigint, xid8, bigint);
create or replace function {domain}.advance(
  p_consumer text, p_topic text, p_partition int, p_before_txid xid8, p_before bigint, p_txid xid8, p_position bigint,
  p_letter text
) returns boolean language plpgsql as $$
begin
  if p_consumer is null then
    return true;
  end if;
  if p_letter is not null then
    delete from {domain}.dead_letters where consumer = p_consumer and id = p_letter;
    return found;
  end if;
  update {domain}.checkpoints set txid = p_txid, position = p_position, moved_at = now()
  where consumer = p_consumer and topic = p_topic and partition = p_partition
    and txid = p_before_txid and position = p_before;
  if found then
    return true;
  end if;
  if p_before <> 0 then
    return false;
  end if;
  insert into {domain}.checkpoints (consumer, topic, partition, txid, position)
  values (p_consumer, p_topic, p_partition, p_txid, p_position) on conflict do nothing;
  return found;
end $$;

create or replace function {domain}.take_places(p_stream text, p_claims jsonb) returns void language plpgsql as $$
declare
  claim record;
begin
  for claim in
    select n, c ->> 'scope' as scope, c ->> 'key' as key, (c ->> 'limit')::int as places
    from jsonb_array_elements(p_claims) with ordinality as claims(c, n)
    order by 2, 3  -- the same order in every commit: two commits cannot wait for each other's places
  loop
    insert into {domain}.claims (scope, key, stream) values (claim.scope, claim.key, p_stream) on conflict do nothing;
    continue when not found;  -- held already
    insert into {domain}.places as p (scope, key, taken) select claim.scope, claim.key, 1 where claim.places > 0
    on conflict (scope, key) do update set taken = p.taken + 1 where p.taken < claim.places;
    if not found then
      raise exception 'no place is free' using errcode = 'JR005', detail = claim.n;
    end if;
  end loop;
end $$;

create or replace function {domain}.give_back(p_stream text, p_releases jsonb) returns void language plpgsql as $$
declare
  given record;
begin
  for given in
    select r ->> 'scope' as scope, r ->> 'key' as key from jsonb_array_elements(p_releases) as r order by 1, 2
  loop
    delete from {domain}.claims c where c.scope = given.scope and c.key = given.key and c.stream = p_stream;
    if found then
      update {domain}.places p set taken = taken - 1 where p.scope = given.scope and p.key = given.key;
    end if;
  end loop;
end $$;

-- Writes rows of captured tables; each must still be at the revision it was read at.
create or replace function {domain}.save_rows(p_writes jsonb) returns void language plpgsql as $$
declare
  write jsonb;
  saved boolean;
begin
  for write in select w from jsonb_array_elements(p_writes) as w loop
    execute format('select {domain}.%I($1)', 'save_' || (write ->> 'table')) into saved using write -> 'rows';
    if not saved then
      raise exception 'a row moved' using errcode = 'JR004';
    end if;
  end loop;
end $$;

create or replace function {domain}.set_timers(p_timers jsonb) returns void language sql as $$
  insert into {domain}.timers (id, at, type, data)
  select t ->> 'id', (t ->> 'at')::timestamptz, t ->> 'type', (t -> 'data')::json
  from jsonb_array_elements(p_timers) as t on conflict do nothing
$$;

-- The step that goes with a commit, or no commit.
create or replace function {domain}.go_on(p_step jsonb) returns void language plpgsql as $$
begin
  if not {domain}.advance(
    p_step ->> 'consumer', p_step ->> 'topic', (p_step ->> 'partition')::int,
    (p_step #>> '{before,txid}')::xid8, (p_step #>> '{before,position}')::bigint,
    (p_step #>> '{after,txid}')::xid8, (p_step #>> '{after,position}')::bigint, p_step ->> 'letter') then
    raise exception 'the checkpoint moved' using errcode = 'JR003';
  end if;
end $$;

-- The commit: command and events first, so that the transaction gets its xid after everything was loaded, and streams
-- keep their order in (txid, position). Message 1 is the command; p_rest holds whatever else the commit writes.
create or replace function {domain}.append(
  p_stream text, p_expected int, p_ids text[], p_topics text[], p_types text[], p_data text[], p_meta text,
  p_rest text, out o_partition smallint, out o_txid xid8, out o_position bigint
) language plpgsql as $$
declare
  rest jsonb := p_rest::jsonb;
  request jsonb;
begin
  if pg_current_xact_id_if_assigned() is not null then
    raise exception 'append must be the first write of its transaction' using errcode = 'JR001';
  end if;
  o_partition := platform.partition_of(p_stream);
  if p_expected > 0 and not exists (
    select from {domain}.journal where stream = p_stream and version = p_expected) then
    raise exception 'stream % has not reached version %', p_stream, p_expected using errcode = 'JR002';
  end if;
  if cardinality(p_ids) > 0 then
    with written as (
      insert into {domain}.journal (partition, topic, stream, version, id, type, data, meta)
      select o_partition, topic, p_stream, case when n > 1 then p_expected + n - 1 end, id, type, data::json, p_meta::json
      from unnest(p_ids, p_topics, p_types, p_data) with ordinality as m(id, topic, type, data, n)
      order by n
      returning position
    ) select max(position) from written into o_position;
    o_txid := pg_current_xact_id();
  else
    select txid, position from {domain}.journal where stream = p_stream and version = p_expected
    into o_txid, o_position;
    o_txid := coalesce(o_txid, '0');
    o_position := coalesce(o_position, 0);
  end if;
  if rest is null then
    return;
  end if;
  if rest ? 'writes' then
    perform set_config('journal.meta', p_meta, true), set_config('journal.at', rest ->> 'at', true);
    perform {domain}.save_rows(rest -> 'writes');
    select coalesce(max(position), o_position) from {domain}.journal
    where topic = '{domain}.changes' and partition = o_partition and txid = o_txid into o_position;
  end if;
  if rest ? 'claims' then
    perform {domain}.take_places(p_stream, rest -> 'claims');
  end if;
  if rest ? 'releases' then
    perform {domain}.give_back(p_stream, rest -> 'releases');
  end if;
  if rest ? 'timers' then
    perform {domain}.set_timers(rest -> 'timers');
  end if;
  if rest ? 'timer_done' then
    delete from {domain}.timers where id = rest ->> 'timer_done';
  end if;
  if rest ? 'request' then
    request := rest -> 'request';
    insert into {domain}.requests (actor, mutation, key, fingerprint, stream, version, partition, txid, position)
    values (request ->> 'actor', request ->> 'mutation', request ->> 'key', request ->> 'fingerprint', p_stream,
            p_expected + greatest(cardinality(p_ids) - 1, 0), o_partition, o_txid, o_position);
  end if;
  if rest ? 'advance' then
    perform {domain}.go_on(rest -> 'advance');
  end if;
end $$;

-- Commits of several streams and the step past what they follow from: all or none. Who calls has put the streams in
-- order, and the checkpoint comes last, as in `append`: whoever commits waits for others in the same order.
-- Each message comes with its version; that of a command is the one before its events, and is not stored.
create or replace function {domain}.append_all(
  p_streams text[], p_expected int[], p_of text[], p_versions int[], p_ids text[], p_topics text[], p_types text[],
  p_data text[], p_metas text[], p_rest text
) returns void language plpgsql as $$
declare
  rest jsonb := p_rest::jsonb;
begin
  if pg_current_xact_id_if_assigned() is not null then
    raise exception 'append_all must be the first write of its transaction' using errcode = 'JR001';
  end if;
  if exists (
    select from unnest(p_streams, p_expected) as s(stream, expected)
    where expected > 0 and not exists (
      select from {domain}.journal j where j.stream = s.stream and j.version = s.expected)) then
    raise exception 'a stream has not reached its version' using errcode = 'JR002';
  end if;
  insert into {domain}.journal (partition, topic, stream, version, id, type, data, meta)
  select platform.partition_of(stream), topic, stream, case when topic <> '{domain}.commands' then version end,
         id, type, data::json, meta::json
  from unnest(p_of, p_versions, p_ids, p_topics, p_types, p_data, p_metas)
    with ordinality as m(stream, version, id, topic, type, data, meta, n)
  order by n;
  perform {domain}.set_timers(rest -> 'timers'), {domain}.go_on(rest -> 'advance');
end $$;

-- A row of a captured table is about to be written: the trigger alone counts revisions, whoever writes.
-- Arguments: type of the change, owner column, key columns.
create or replace function {domain}.count_revision() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    new.revision := 1 + coalesce((
      select t.revision from {domain}.tombstones t
      where t.table_name = tg_table_name and t.key = platform.key_of(to_jsonb(new), tg_argv[2:])), 0);
    return new;
  end if;
  if platform.key_of(to_jsonb(new), tg_argv[1:]) is distinct from platform.key_of(to_jsonb(old), tg_argv[1:]) then
    raise exception '%: a row keeps its key and its owner; retire it and write another', tg_table_name;
  end if;
  new.revision := old.revision;
  if new is distinct from old then
    new.revision := old.revision + 1;
  end if;
  return new;
end $$;

-- A row of a captured table was written: the change goes into the journal, in the same transaction.
create or replace function {domain}.capture() returns trigger language plpgsql as $$
declare
  after jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
  before jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  owner text := coalesce(after, before) ->> tg_argv[1];
  revision bigint := coalesce((after ->> 'revision')::bigint, (before ->> 'revision')::bigint + 1);
  at timestamptz := coalesce(nullif(current_setting('journal.at', true), '')::timestamptz, platform.now());
  meta text := nullif(current_setting('journal.meta', true), '');
begin
  if after = before then
    return null;  -- no change, no event
  end if;
  if tg_op = 'DELETE' then
    insert into {domain}.tombstones (table_name, key, revision)
    values (tg_table_name, platform.key_of(before, tg_argv[2:]), revision)
    on conflict (table_name, key) do update set revision = excluded.revision;
  end if;
  insert into {domain}.journal (partition, topic, stream, id, type, data, meta)
  values (
    platform.partition_of(owner), '{domain}.changes', owner, platform.typed_id('chg'), tg_argv[0],
    json_build_object('type', tg_argv[0], 'at', at, 'before', before, 'after', after, 'revision', revision),
    coalesce(meta, json_build_object(
      'actor', 'sql:' || session_user, 'correlation', 'sql_' || pg_current_xact_id())::text)::json);
  return null;
end $$;

create or replace function {domain}.refuse_truncation() returns trigger language plpgsql as $$
begin
  raise exception '%: rows are retired one by one; a truncation would not be in the journal', tg_table_name;
end $$;
