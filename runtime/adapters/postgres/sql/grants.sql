-- What one domain's role may do: its own schema, and of the journal only reading and adding.
revoke all on schema {domain} from public;
grant usage on schema {domain} to {domain}, log_reader;
grant select on {domain}.journal to {domain}, log_reader;
grant insert (partition, topic, stream, version, id, type, data, meta) on {domain}.journal to {domain};
grant select, insert on {domain}.requests to {domain};
grant select, insert, update, delete on
  {domain}.claims, {domain}.places, {domain}.timers, {domain}.checkpoints, {domain}.dead_letters,
  {domain}.feed_heads, {domain}.feed_items, {domain}.tombstones to {domain};
grant select on {domain}.checkpoints, {domain}.dead_letters, {domain}.timers to log_reader;
revoke execute on all functions in schema {domain} from public;
grant execute on all functions in schema {domain} to {domain};
