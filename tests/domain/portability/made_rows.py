"""A shop with rows in every table, made from the models, so that a new table is filled without a line here."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    Numeric,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.domain.schema import METADATA
from app.domain.shops import service as shops
from app.kernel.crypto import Keyring

EACH = 3
"""Rows a table: one of plain values, one of awkward ones, one of as little as the table allows."""
MOMENT = datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC)

PLAIN: dict[type[Any], Any] = {
    Boolean: True,
    Date: date(2026, 3, 29),
    DateTime: MOMENT,
    Float: 0.1,
    Integer: 7,
    LargeBinary: bytes(range(256)),
    Numeric: Decimal("10.50"),
    JSONB: {"a": [1, 2.50, None], "ü": "\\ \" ' \n", "n": 10**20},
    ARRAY: ["a,b", '"', "{}", "\\", "NULL", "", "ö"],
    Uuid: uuid.UUID(int=7),
    Text: "plain",
}
AWKWARD: dict[type[Any], Any] = {
    Boolean: False,
    Date: date(1999, 12, 31),
    DateTime: datetime(1970, 1, 1, tzinfo=UTC),
    Float: 1e-300,
    Integer: 2**31 - 1,
    LargeBinary: b"\\x00 is no hex",
    Numeric: Decimal("-0.000000000000000000100"),
    JSONB: None,  # JSON's own null, which is not the column's
    ARRAY: [],
    Uuid: uuid.UUID(int=2**128 - 1),
    Text: '\t\\N "quoted" \'single\' \r\n ‮ 𝄞 {"json": [\\u0000]} $1 :name %s',
}


def fill(session: Session, keys: Keyring, shop_id: int) -> None:
    """Rows of the entered shop in every table."""
    made: dict[str, list[dict[str, Any]]] = {"shop": [{"id": shop_id}] * EACH}
    for table in METADATA.sorted_tables:
        if table.name == "shop":
            continue
        rows = [_row(shop_id, number, list(table.columns), made) for number in range(EACH)]
        for row in rows:
            statement = table.insert().values(row)
            keys_of_row = session.execute(statement.returning(*table.primary_key.columns)).one()
            row.update(keys_of_row._mapping)
        made[table.name] = rows
    session.execute(text("DELETE FROM credential WHERE shop_id = :shop_id"), {"shop_id": shop_id})
    shops.store_secret(session, keys, shop_id, "access_token", "opens-the-store")
    shops.recipient_key(session, keys, shop_id)


def _row(
    shop_id: int, number: int, columns: list[Column[Any]], made: dict[str, list[dict[str, Any]]]
) -> dict[str, Any]:
    values = (PLAIN, AWKWARD, PLAIN)[number]
    row: dict[str, Any] = {}
    for column in columns:
        parents = [key for key in column.foreign_keys if key.column.name != "shop_id"]
        if column.name == "shop_id":
            row["shop_id"] = shop_id
        elif column.identity is not None or (number == 2 and (column.server_default is not None or column.nullable)):
            continue
        elif parents:
            row[column.name] = made[parents[0].column.table.name][number][parents[0].column.name]
        else:
            row[column.name] = _value(column, values, number)
    return row


def _value(column: Column[Any], values: dict[type[Any], Any], number: int) -> Any:
    kind = next(kind for kind in values if isinstance(column.type, kind))
    value = values[kind]
    if not column.primary_key and not _is_unique(column):
        return value
    if isinstance(value, str):
        return f"{value}{number}"
    if isinstance(value, bytes):
        return value + bytes([number])
    if isinstance(value, datetime):
        return value + timedelta(days=number)
    if isinstance(value, uuid.UUID):
        return uuid.UUID(int=(value.int + number) % 2**128)
    return value if isinstance(value, bool) else value - number


def _is_unique(column: Column[Any]) -> bool:
    rules = [rule for rule in column.table.constraints if isinstance(rule, UniqueConstraint)]
    indexes = [index for index in column.table.indexes if index.unique]
    return any(column.name in rule.columns for rule in (*rules, *indexes))
