"""Many rows through one statement: they travel as one parameter, so its text is the same for one row and for a thousand."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import ARRAY, ColumnElement, Text, any_, bindparam, cast, column, func, select
from sqlalchemy.dialects.postgresql import JSONB, Insert
from sqlalchemy.dialects.postgresql import insert as insert_into
from sqlalchemy.orm import InstrumentedAttribute

from app.kernel.db import Base


def insert(model: type[Base], names: Collection[str], **alike: ColumnElement[Any]) -> Insert:
    """`INSERT INTO model (shop_id, *names) SELECT ... FROM jsonb_to_recordset(:rows)`, typed from the model's columns; to be made
    once, given its ON CONFLICT and RETURNING, and executed with `given`. Policies and defaults hold as for any insert; rows go in
    in the order they are given, which is the order of their locks. `alike` are columns that the database gives every row, like
    `changed_at=func.now()`.

    A text that never changes is compiled once by SQLAlchemy, parsed once by psycopg and planned once by Postgres. With VALUES it
    has a parameter a field, other ones for every number of rows, and nobody can keep it (docs/performance.md).
    """
    table = Base.metadata.tables[model.__tablename__]
    told = (
        func.jsonb_to_recordset(cast(bindparam("rows", type_=Text), JSONB))
        .table_valued(*(column(name, table.c[name].type) for name in names))
        .render_derived(name="told", with_types=True)
    )
    shop = bindparam("shop_id", type_=table.c.shop_id.type)
    fields = select(shop, *(told.c[name] for name in names), *alike.values())
    return insert_into(table).from_select(["shop_id", *names, *alike], fields)


def given(shop_id: int, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The parameters of `insert`: the shop of all rows, and each row's fields by name; one that is missing is null. A value is what
    the column holds: moments, days, UUIDs, Decimals, bytes, lists, enums by their value, dataclasses as JSON."""
    return {"shop_id": shop_id, "rows": orjson.dumps(rows, default=_as_text).decode()}


def among(field: InstrumentedAttribute[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """`field = ANY(:values)`: the condition IN, with a text that does not grow with the values."""
    return field == any_(bindparam(None, list(values), type_=ARRAY(field.type)))


def _as_text(value: object) -> str:
    """What JSON has no word for, as Postgres reads it from text."""
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(type(value).__name__)
