-- A role that logs in. Its transactions are short: the oldest one that writes holds every reader's horizon.
do $$ begin
  if not exists (select from pg_roles where rolname = '{role}') then
    create role {role} login;
  end if;
end $$;
alter role {role} login password {password};
alter role {role} set transaction_timeout = '5s';
alter role {role} set idle_in_transaction_session_timeout = '5s';
alter role {role} set lock_timeout = '4s';
alter role {role} set statement_timeout = '5s';
alter role {role} set timezone = 'UTC';
