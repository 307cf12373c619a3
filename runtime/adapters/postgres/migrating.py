"""Migrating: brings a database to the shape that the domains declare; quick when nothing has changed."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg

from kernel.deciding import Table
from kernel.projecting import View
from runtime.adapters.postgres import schemas
from runtime.adapters.postgres.log import PARTITIONS
from runtime.adapters.postgres.schemas import DomainSchema, Kept
from runtime.adapters.postgres.shapes import columns_of
from runtime.prerequisites import CannotStart
from runtime.settings import Settings

LOG_ROLE = "runtime"
"""Logs in to read all journals; the domains' own roles log in with the same password."""
MIGRATION_TIMEOUT_S = 120.0
_LOCK = 4_815_162_342


class MigrationRefused(CannotStart):
    """The database cannot be brought to its shape without losing something; the text says what to do."""


async def migrate(settings: Settings, domains: Sequence[DomainSchema]) -> None:
    """Makes or changes whatever differs from what `domains` declare; quick when nothing does.

    A view whose shape has changed is dropped and its checkpoints with it: its consumer builds it anew from the log.

    Raises:
        MigrationRefused: a captured table lost or changed a column, or the server's transaction ids lie behind those
            in a journal.
    """
    async with asyncio.timeout(MIGRATION_TIMEOUT_S):
        try:
            connection = await asyncpg.connect(settings.owner_database_url, command_timeout=MIGRATION_TIMEOUT_S)
        except (OSError, asyncpg.PostgresError) as error:
            raise CannotStart(f"The database cannot be reached as its owner: {error}.") from error
        try:
            await _migrate(connection, settings, domains)
        finally:
            connection.terminate()


async def _migrate(connection: "asyncpg.Connection[Any]", settings: Settings, domains: Sequence[DomainSchema]) -> None:
    server: int = await connection.fetchval("select system_identifier from pg_control_system()")
    fingerprint = fingerprint_of(settings, domains, server)
    known = await _fingerprint(connection)
    if known is not None:
        await refuse_reused_transaction_ids(connection, [domain.name for domain in domains])
    if known == fingerprint:
        return
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
        await connection.execute("set local client_min_messages = warning")
        await connection.execute(schemas.text("platform"))
        await _create_roles(connection, settings, domains)
        await _set_clock(connection, settings)
        for domain in domains:
            await _migrate_domain(connection, domain)
        await _remember(connection, "platform", "fingerprint", fingerprint)


def fingerprint_of(settings: Settings, domains: Sequence[DomainSchema], server: int) -> str:
    """A hash of everything migrating would write, of the code that writes it, and of the server: roles are its own."""
    digest = sha256()
    for file in sorted(Path(__file__).parent.rglob("*.[ps][yq]*")):
        digest.update(file.read_bytes())
    for part in (
        *(repr((domain.name, *map(_described, (*domain.tables, *domain.views)))) for domain in domains),
        *(repr((domain.name, *(kept.shape for kept in domain.kept))) for domain in domains),
        repr((settings.clock_origin, settings.clock_started, settings.clock_rate, settings.runtime_password, server)),
    ):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


def _described(relation: View[Any] | Table[Any]) -> tuple[str, ...]:
    captured = (relation.owner, relation.change.__name__) if isinstance(relation, Table) else ()
    return (relation.name, repr(columns_of(relation.row)), schemas.shape(relation), *captured)


async def _fingerprint(connection: "asyncpg.Connection[Any]") -> str | None:
    try:
        return await connection.fetchval(
            "select fingerprint from platform.migrations where domain = 'platform' and name = 'fingerprint'"
        )
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        return None


async def _remember(connection: "asyncpg.Connection[Any]", domain: str, name: str, fingerprint: str) -> None:
    await connection.execute(
        "insert into platform.migrations (domain, name, fingerprint) values ($1, $2, $3) "
        "on conflict (domain, name) do update set fingerprint = excluded.fingerprint, migrated_at = now()",
        domain,
        name,
        fingerprint,
    )


async def refuse_reused_transaction_ids(connection: "asyncpg.Connection[Any]", domains: Sequence[str]) -> None:
    """Refuses a server whose next transaction id is not above every stored one, as after restoring a dump.

    New records would sort before old ones, and readers would never see them.
    """
    for domain in domains:
        if await connection.fetchval("select to_regclass($1)", f"{domain}.journal") is None:
            continue
        stored, following = await connection.fetchrow(
            "select max(j.txid), pg_snapshot_xmax(pg_current_snapshot()) "
            f"from unnest($1::text[]) as t(topic), generate_series(0, {PARTITIONS - 1}) as p(partition), lateral ("
            f"select txid from {domain}.journal where topic = t.topic and partition = p.partition "
            "order by txid desc limit 1) j",
            [f"{domain}.{kind}" for kind in ("commands", "events", "changes")],
        ) or (None, 0)
        if stored is not None and stored >= following:
            raise MigrationRefused(
                f"The journal of {domain} holds transaction {stored}, but this server is only at {following}: it was "
                f"restored from a dump. Stop it, run `pg_resetwal -e {(stored >> 32) + 1} DATA_FOLDER`, which raises "
                "the epoch of its transaction ids, start it and migrate again."
            )


async def _create_roles(
    connection: "asyncpg.Connection[Any]", settings: Settings, domains: Sequence[DomainSchema]
) -> None:
    password = "'" + settings.runtime_password.replace("'", "''") + "'"
    await connection.execute(
        "do $$ begin if not exists (select from pg_roles where rolname = 'log_reader') then "
        "create role log_reader nologin; end if; end $$; grant pg_read_all_stats to log_reader"
    )
    for role in (LOG_ROLE, *(domain.name for domain in domains)):
        await connection.execute(schemas.text("role", role=role, password=password))
    await connection.execute(f"grant log_reader to {LOG_ROLE}")


async def _set_clock(connection: "asyncpg.Connection[Any]", settings: Settings) -> None:
    started = settings.clock_started or settings.clock_origin or datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    await connection.execute(
        "insert into platform.clock (origin, started, rate) values ($1, $2, $3) on conflict (single) "
        "do update set origin = excluded.origin, started = excluded.started, rate = excluded.rate",
        settings.clock_origin or started,
        started,
        settings.clock_rate,
    )


async def _migrate_domain(connection: "asyncpg.Connection[Any]", domain: DomainSchema) -> None:
    for name in ("domain", "functions"):
        await connection.execute(schemas.text(name, domain=domain.name))
    for table in domain.tables:
        await _migrate_table(connection, domain.name, table)
        await connection.execute(schemas.capture(domain.name, table))
    for view in domain.views:
        await _migrate_view(connection, domain.name, view)
    for kept in domain.kept:
        await _migrate_kept(connection, domain.name, kept)
    await connection.execute(schemas.text("grants", domain=domain.name))


async def _migrate_table(connection: "asyncpg.Connection[Any]", domain: str, table: Table[Any]) -> None:
    """Rows of captured tables are nobody's copy: columns are added, never changed or dropped."""
    stored = await _stored_columns(connection, domain, table.name)
    if not stored:
        await connection.execute(schemas.create_table(domain, table))
        return
    name = f'{domain}."{table.name}"'
    declared = {column.name: column for column in columns_of(table.row)}
    for column in declared.values():
        if column.name in stored:
            if stored[column.name] != column.type:
                raise MigrationRefused(f"{name}.{column.name} is {stored[column.name]}, not {column.type}.")
            continue
        if column.default is None and not column.optional:
            raise MigrationRefused(f"{name} has rows, so its new column {column.name} needs a default.")
        default = f" default {column.default}" if column.default is not None else ""
        await connection.execute(f"alter table {name} add column {column.definition}{default}")
    for gone in stored.keys() - declared.keys():
        await connection.execute(f'alter table {name} alter column "{gone}" drop not null')


async def _stored_columns(connection: "asyncpg.Connection[Any]", domain: str, table: str) -> dict[str, str]:
    rows = await connection.fetch(
        "select attname, format_type(atttypid, atttypmod) as type from pg_attribute "
        "where attrelid = to_regclass($1) and attnum > 0 and not attisdropped",
        f'{domain}."{table}"',
    )
    short = {"timestamp with time zone": "timestamptz"}
    found: list[tuple[str, str]] = [(row["attname"], row["type"]) for row in rows]
    return {name: short.get(kind, kind) for name, kind in found}


async def _migrate_view(connection: "asyncpg.Connection[Any]", domain: str, view: View[Any]) -> None:
    if await _known(connection, domain, f"view {view.name}") == schemas.shape(view):
        return
    await _make_anew(connection, domain, view)
    await _begin_anew(connection, domain, view.name)
    await _remember(connection, domain, f"view {view.name}", schemas.shape(view))


async def _migrate_kept(connection: "asyncpg.Connection[Any]", domain: str, kept: Kept) -> None:
    """One table without the others would be filled with half of what it should hold."""
    if await _known(connection, domain, f"kept {kept.consumer}") == kept.shape:
        return
    for table in kept.tables:
        await _make_anew(connection, domain, table)
    await _begin_anew(connection, domain, kept.consumer)
    await _remember(connection, domain, f"kept {kept.consumer}", kept.shape)


async def _known(connection: "asyncpg.Connection[Any]", domain: str, name: str) -> str | None:
    return await connection.fetchval(
        "select fingerprint from platform.migrations where domain = $1 and name = $2", domain, name
    )


async def _make_anew(connection: "asyncpg.Connection[Any]", domain: str, table: View[Any]) -> None:
    name = f'{domain}."{table.name}"'
    await connection.execute(f"drop table if exists {name} cascade")
    await connection.execute(schemas.create_table(domain, table))
    await connection.execute(f"grant select, insert, update, delete on {name} to {domain}")


async def _begin_anew(connection: "asyncpg.Connection[Any]", domain: str, consumer: str) -> None:
    await connection.execute(f"delete from {domain}.checkpoints where consumer = $1", consumer)
    await connection.execute(f"delete from {domain}.dead_letters where consumer = $1", consumer)
