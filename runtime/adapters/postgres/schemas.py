"""The SQL of a schema, generated from the values a domain declares."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kernel.deciding import Keeper, Table
from kernel.projecting import Feed, Projection, View
from kernel.subgraph import Subgraph
from runtime.adapters.postgres.shapes import columns_of, quoted

_SQL = Path(__file__).parent / "sql"


@dataclass(frozen=True)
class Kept:
    """Tables that an adapter fills from the log as `consumer`. When one has changed all are made anew, empty, and the
    consumer begins with the log's first record."""

    consumer: str
    tables: tuple[View[Any], ...]
    edition: int = 1
    """To be raised when the same records come to other rows."""

    @property
    def shape(self) -> str:
        return "; ".join((str(self.edition), *(f"{table.name} {shape(table)}" for table in self.tables)))


@dataclass(frozen=True)
class DomainSchema:
    """What one domain keeps in its schema beside the journal and its company."""

    name: str
    tables: tuple[Table[Any], ...] = field(default=())
    views: tuple[View[Any], ...] = field(default=())
    kept: tuple[Kept, ...] = field(default=())


def domain_schemas(
    subgraphs: Sequence[Subgraph],
    projections: Sequence[Projection[Any]],
    _feeds: Sequence[Feed] = (),
    kept: Mapping[str, Kept] | None = None,
) -> tuple[DomainSchema, ...]:
    """The schemas of a whole platform. `projections` may repeat those that the subgraphs declare; `kept` by domain."""
    return tuple(
        DomainSchema(
            name=subgraph.name,
            tables=tuple(
                table
                for aggregate in subgraph.aggregates
                if isinstance(aggregate, Keeper)
                for table in aggregate.tables
            ),
            views=_views(subgraph, projections),
            kept=tuple(each for domain, each in (kept or {}).items() if domain == subgraph.name),
        )
        for subgraph in subgraphs
    )


def _views(subgraph: Subgraph, projections: Iterable[Projection[Any]]) -> tuple[View[Any], ...]:
    own = [*subgraph.projections, *(projection for projection in projections if projection.domain == subgraph.name)]
    taken = [view for intake in subgraph.intakes for view in intake.views]
    return tuple({view.name: view for view in (*(projection.view for projection in own), *taken)}.values())


def text(name: str, **names: str) -> str:
    """A template of the folder `sql`, filled in."""
    sql = (_SQL / f"{name}.sql").read_text()
    for placeholder, value in names.items():
        sql = sql.replace("{" + placeholder + "}", value)
    return sql


def create_table(domain: str, relation: View[Any] | Table[Any]) -> str:
    """The table of a view or of captured rows, with its indexes."""
    table = f'{domain}."{relation.name}"'
    columns = [column.definition for column in columns_of(relation.row)]
    lines = ",\n  ".join([*columns, f"primary key ({quoted(relation.key)})"])
    indexes = "".join(
        f'create index "{relation.name}_{n}" on {table} {index};\n' for n, index in enumerate(relation.indexes, start=1)
    )
    return f"create table {table} (\n  {lines}\n);\n{indexes}"


def shape(relation: View[Any] | Table[Any]) -> str:
    """What makes a stored table fit or not."""
    columns = ", ".join(column.definition for column in columns_of(relation.row))
    return f"{columns} key ({', '.join(relation.key)}) {' '.join(relation.indexes)}"


def capture(domain: str, table: Table[Any]) -> str:
    """The triggers that journal every change of a table, and the function our own commits write it by."""
    name = f'{domain}."{table.name}"'
    arguments = ", ".join(f"'{word}'" for word in (table.change.__name__, table.owner, *table.key))
    return f"""
create or replace trigger count_revision before insert or update on {name}
  for each row execute function {domain}.count_revision({arguments});
create or replace trigger capture after insert or update or delete on {name}
  for each row execute function {domain}.capture({arguments});
create or replace trigger refuse_truncation before truncate on {name}
  for each statement execute function {domain}.refuse_truncation();
{_save_function(domain, table)}
grant select, insert, update on {name} to {domain};
"""


def _save_function(domain: str, table: Table[Any]) -> str:
    """New rows are inserted; others must still be at the revision they were read at. False: one was not."""
    name, columns = f'{domain}."{table.name}"', [column.name for column in columns_of(table.row)]
    changes = ", ".join(f'"{column}" = r."{column}"' for column in columns if column not in table.key)
    match = " and ".join(f't."{column}" = r."{column}"' for column in (*table.key, "revision"))
    rows = f"jsonb_populate_recordset(null::{name}, p_rows) r"
    return f"""create or replace function {domain}."save_{table.name}"(p_rows jsonb) returns boolean
language plpgsql as $$
declare
  inserted int;
  updated int;
begin
  insert into {name} ({quoted(columns)}) select {quoted(columns)} from {rows} where r.revision = 0;
  get diagnostics inserted = row_count;
  update {name} t set {changes} from {rows} where r.revision > 0 and {match};
  get diagnostics updated = row_count;
  return inserted + updated = jsonb_array_length(p_rows);
end $$;"""
