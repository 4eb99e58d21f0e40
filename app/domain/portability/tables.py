"""A shop's rows as text and back, table by table, read off the models: a new table is carried without a line here.

Every value travels as Postgres itself writes and reads it, so nothing is rounded, re-ordered or guessed on the way. The number
that the shop has in this house (`shop.id`, `shop_id`) does not travel.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from sqlalchemy import Column, Table, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.domain.schema import METADATA

DIALECT = postgresql.dialect()
SHOP = "shop"
TABLES: tuple[Table, ...] = tuple(METADATA.sorted_tables)
"""Every table there is; what others refer to comes first."""
FETCHED = 500
"""Rows that are held at once: a delivery's body may have two megabytes."""


def count(session: Session, shop_id: int, table: Table) -> int:
    """How many rows the entered shop has in this table."""
    statement = f"SELECT count(*) FROM {_named(table)} WHERE {_ours(table)}"  # noqa: S608 (names from the models)
    return session.scalar(text(statement), {"shop_id": shop_id}) or 0


def highest(session: Session, shop_id: int, table: Table) -> int:
    """The highest number that a row of the shop has drawn from the table's own counter; 0 where there is none."""
    drawn = counter(table)
    if drawn is None:
        return 0
    statement = f"SELECT max({drawn}) FROM {_named(table)} WHERE {_ours(table)}"  # noqa: S608 (names from the models)
    return session.scalar(text(statement), {"shop_id": shop_id}) or 0


def counter(table: Table) -> str | None:
    """The column that Postgres numbers by itself; none for the table of shops, which are numbered anew in every house."""
    return next((column.name for column in _carried(table) if column.identity is not None), None)


def read(session: Session, shop_id: int, table: Table) -> Generator[str]:
    """The shop's rows in the order of their key, each as a JSON object of texts. To be closed, for the server keeps a cursor."""
    columns = ", ".join(f'{_quoted(column)}::text AS "{column.name}"' for column in _carried(table))
    order = ", ".join(_quoted(column) for column in table.primary_key.columns)
    statement = (
        f"SELECT row_to_json(told)::text FROM"  # noqa: S608 (names from the models)
        f" (SELECT {columns} FROM {_named(table)} WHERE {_ours(table)} ORDER BY {order}) told"
    )
    with session.execute(text(statement), {"shop_id": shop_id}, execution_options={"yield_per": FETCHED}) as result:
        yield from result.scalars()


def write(session: Session, shop_id: int, table: Table, rows: Sequence[str]) -> None:
    """Put rows back as `read` gave them, for the entered shop."""
    carried = _carried(table)
    names = ", ".join(["shop_id", *map(_quoted, carried)])
    values = ", ".join(f"CAST(told.{_quoted(column)} AS {_type(column)})" for column in carried)
    told = ", ".join(f"{_quoted(column)} text" for column in carried)
    statement = (
        f"INSERT INTO {_named(table)} ({names}) OVERRIDING SYSTEM VALUE"  # noqa: S608 (names from the models)
        f" SELECT :shop_id, {values} FROM json_to_recordset(CAST(:rows AS json)) AS told({told})"
    )
    session.execute(text(statement), {"shop_id": shop_id, "rows": f"[{','.join(rows)}]"})


def write_shop(session: Session, row: str) -> int | None:
    """The shop itself, under the number that this house gives it; None when it is here already, by its id or by its store."""
    table = METADATA.tables[SHOP]
    carried = _carried(table)
    names = ", ".join(map(_quoted, carried))
    values = ", ".join(f"CAST(told.{_quoted(column)} AS {_type(column)})" for column in carried)
    told = ", ".join(f"{_quoted(column)} text" for column in carried)
    statement = (
        f"INSERT INTO {_named(table)} ({names})"  # noqa: S608 (names from the models)
        f" SELECT {values} FROM json_to_record(CAST(:row AS json)) AS told({told}) ON CONFLICT DO NOTHING RETURNING id"
    )
    return session.scalar(text(statement), {"row": row})


def reserve(session: Session, table: Table, number: int) -> None:
    """Let the table's counter go on behind `number`. The lock keeps everybody from drawing one meanwhile: a counter that is set
    back gives a number twice. One table a transaction, or two of these could wait for each other."""
    session.execute(text(f"LOCK TABLE {_named(table)} IN SHARE ROW EXCLUSIVE MODE"))
    where = {"table": table.name, "column": counter(table)}
    name = session.scalar(text("SELECT pg_get_serial_sequence(:table, :column)"), where)
    session.execute(
        text(f"SELECT setval(:name, greatest(:number, (SELECT last_value FROM {name})))"),  # noqa: S608 (Postgres's own)
        {"name": name, "number": number},
    )


def delete(session: Session, shop_id: int, table: Table, limit: int) -> int:
    """Take away up to `limit` rows of the shop; how many there were."""
    statement = (
        f"DELETE FROM {_named(table)} WHERE ctid = ANY(ARRAY("  # noqa: S608 (names from the models)
        f"SELECT ctid FROM {_named(table)} WHERE {_ours(table)} LIMIT :limit)) RETURNING 1"
    )
    return len(session.execute(text(statement), {"shop_id": shop_id, "limit": limit}).all())


def sample_anew(session: Session) -> None:
    """Let the planner look at every table again: what it remembers of one are values of its rows, those of a shop that is gone
    among them. From Postgres 18 on they can be forgotten; before, a table without any row keeps them until it has rows again."""
    if session.scalar(text("SELECT to_regproc('pg_clear_attribute_stats') IS NOT NULL")):
        session.execute(FORGET_SAMPLES, {"names": [table.name for table in TABLES]})
    session.execute(text(f"ANALYZE {', '.join(map(_named, TABLES))}"))


FORGET_SAMPLES = text(
    "SELECT pg_clear_attribute_stats(n.nspname::text, c.relname::text, a.attname::text, false)"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid"
    " WHERE n.nspname = current_schema() AND c.relname = ANY(:names) AND a.attnum > 0 AND NOT a.attisdropped"
    " AND has_table_privilege(c.oid, 'MAINTAIN')"
)


def _carried(table: Table) -> list[Column[object]]:
    local = "id" if table.name == SHOP else "shop_id"
    return [column for column in table.columns if column.name != local]


def _ours(table: Table) -> str:
    """Said aloud: three tables have no policy that would hide the rows of others."""
    return f"{'id' if table.name == SHOP else 'shop_id'} = :shop_id"


def _named(table: Table) -> str:
    return f'"{table.name}"'


def _quoted(column: Column[object]) -> str:
    return f'"{column.name}"'


def _type(column: Column[object]) -> str:
    return column.type.compile(DIALECT)
