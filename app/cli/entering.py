"""What every command begins with, a runtime and a shop, and how it ends: with a sentence that says what to do, and an exit code."""

from __future__ import annotations

import os
from typing import Any, TextIO, cast

import click
import orjson
import psycopg
from redis.exceptions import RedisError
from sqlalchemy.exc import OperationalError, ProgrammingError

from app import wiring
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.kernel.config import BadSettings
from app.kernel.errors import Failure, Transient
from app.kernel.runtime import Runtime
from app.web.console.reasons import reason

CONNECTIONS = 1
"""To Postgres, of one command."""
STATEMENT_TIMEOUT = 300_000
"""Milliseconds."""

REFUSED, LEFT = 1, 130
"""Exit codes: it was not done, or something is broken; left with Ctrl-C."""

BUSY = ("40", "55", "57014")
"""SQLSTATE of a database that has something else to do just now: deadlock, lock not given, statement cancelled."""


class Told(click.ClickException):
    """A sentence for the person at the terminal. It was not done."""

    exit_code = REFUSED


class Misused(Told):
    """The words or the settings do not fit: click's own code."""

    exit_code = 2


class Later(Told):
    """Somebody else did not answer: the same words may do later."""

    exit_code = 3


class Commands(click.Group):
    """What fails for a reason that can be told is told; a fault of ours keeps its traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BadSettings as problem:
            raise Misused(str(problem)) from None
        except Failure as failure:
            raise (Later if isinstance(failure, Transient) else Told)(sentence(failure)) from None
        except RedisError:
            raise Later("Valkey does not answer: is it running, and is REDIS_URL right?") from None
        except OperationalError as error:
            raise _of_the_database(error) from None
        except ProgrammingError as error:
            if not isinstance(error.orig, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn):
                raise
            raise Told("The database is not at this version's schema: python -m app.cli migrate") from None


def sentence(failure: Failure) -> str:
    """Why, in words and with the code, which a question to somebody else can name."""
    hint = f" ({failure.code}: {failure.hint})" if failure.hint else f" ({failure.code})"
    return reason(failure.code).rstrip(".") + hint + "."


def _of_the_database(error: OperationalError) -> Later:
    state = (error.orig.sqlstate if isinstance(error.orig, psycopg.Error) else None) or ""
    if state.startswith(BUSY):
        return Later("The database was busy with something else. Nothing was done by halves: say it again.")
    return Later(
        "The database does not let us in: is it running, and are host, user and password of DATABASE_URL right?"
    )


def start() -> Runtime:
    return wiring.start(os.environ, connections=CONNECTIONS, statement_timeout=STATEMENT_TIMEOUT)


def find_shop(runtime: Runtime, name: str) -> ShopFacts:
    """By its id in Encore, or by its store's domain."""
    with runtime.db.house() as session:
        everything = shops.list_shops(session)
    found = [shop for shop in everything if name in (shop.public_id, shop.domain)]
    if len(found) == 1:
        return found[0]
    if not everything:
        raise Told("No shop is connected yet: python -m app.cli connect --help")
    known = "\n".join(f"  {shop.public_id}  {shop.domain} ({shop.platform})" for shop in found or everything)
    asked = "More than one shop has that domain" if found else "There is no such shop"
    raise Told(f"{asked}. SHOP is one of these ids, or its domain:\n{known}")


def json_from(file: TextIO, what: str) -> dict[str, Any]:
    """An object that somebody wrote by hand."""
    try:
        said: Any = orjson.loads(file.read())
    except orjson.JSONDecodeError as error:
        raise Misused(f"{what} must be a JSON object; line {error.lineno} is not JSON.") from None
    if not isinstance(said, dict):
        raise Misused(f"{what} must be a JSON object: names and values in braces.")
    return cast("dict[str, Any]", said)
