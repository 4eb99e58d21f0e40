"""Reading a list to its end, page by page, with nothing lost between two pages.

Things are listed by id, and the next page begins with the last one of the page before. If that is not there, something has
left the list meanwhile (it went to the bin) and moved the rest forward: the reading steps back and reads again. What changes
while we read may enter the list behind us, but then it has changed since the reading began: the next one asks for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import cast

from app.connectors.base import Page
from app.connectors.woocommerce.client import Client, Params, answered_at
from app.connectors.woocommerce.reading import Record, records, ref
from app.events import Fact
from app.kernel.errors import Permanent, Transient
from app.kernel.http import Answer

ALIVE, BINNED = "any", "trash"
"""Two lists: the store's "any" leaves out what is in the bin."""
ONE_LIST = ("",)
UNREADABLE = "unreadable_"

AT_ONCE = 100
MOST_PAGES = 50
"""Of a list that is read in one go. A store that gives the same page for ever must come to an end too."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A resource of the store. `fields` are all that `facts` needs to be told; it raises `Permanent("unreadable_...")` for a thing
    that means nothing. `lists` are the values of `status` that part it, of
    which a reading from the beginning takes the first; `tells_changes`: it can be asked for what changed since a moment."""

    path: str
    fields: tuple[str, ...]
    facts: Callable[[Client, Record], Iterable[Fact]]
    per_page: int = 100
    lists: tuple[str, ...] = ONE_LIST
    tells_changes: bool = True
    query: tuple[tuple[str, str], ...] = ()

    @property
    def projection(self) -> dict[str, str]:
        return {"_fields": ",".join(self.fields)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a reading stands: in which list, how far from its beginning, and the last id that was read."""

    status: str
    offset: int = 0
    last_id: int = 0

    @classmethod
    def read(cls, cursor: str, source: Source) -> Position:
        """`Permanent` for a cursor that is not ours."""
        if not cursor:
            return cls(status=source.lists[0])
        try:
            status, offset, last_id = cursor.split("/")
            position = cls(status=status, offset=int(offset), last_id=int(last_id))
        except ValueError as error:
            raise Permanent("bad_cursor") from error
        if status not in source.lists:
            raise Permanent("bad_cursor")
        return position

    def __str__(self) -> str:
        return f"{self.status}/{self.offset}/{self.last_id}"


def read_page(client: Client, source: Source, changed_since: datetime | None, cursor: str) -> Page:
    """`total` is told while the first list is read: it counts that one alone."""
    position = Position.read(cursor, source)
    body, answer = client.get(source.path, {**_window(source, position), **_since(source, changed_since)})
    listed, total = _by_id(body), _total(answer)
    fresh = {thing_id: thing for thing_id, thing in listed.items() if thing_id > position.last_id}
    if position.offset and len(fresh) == len(listed):  # the last one that was read is not among them
        return Page(facts=(), cursor=str(_step_back(position, source)), answered_at=answered_at(answer))
    following = _step_on(position, source, listed, total) or _next_list(position, source, changed_since)
    return Page(
        facts=tuple(chain.from_iterable(facts_of(client, source, thing) for thing in fresh.values())),
        cursor=str(following) if following else "",
        total=total if position.status == source.lists[0] else None,
        answered_at=answered_at(answer),
    )


def read_whole(client: Client, path: str, query: Params) -> Iterator[Record]:
    """All of a short list in one go. `Transient`: "paging_refused" for one without an end, "unexpected_answer" for what is no list,
    which says nothing of what there is."""
    seen = 0
    for page in range(1, MOST_PAGES + 1):
        body, answer = client.get(path, {**query, "per_page": str(AT_ONCE), "page": str(page)})
        if not isinstance(body, list):
            raise Transient("unexpected_answer")
        listed, total = records(cast("object", body)), _total(answer)
        yield from listed
        seen += len(listed)
        if not listed or (len(listed) < AT_ONCE if total is None else seen >= total):
            return
    raise Transient("paging_refused")


def facts_of(client: Client, source: Source, thing: Record) -> Iterable[Fact]:
    """One thing that a plugin has made unreadable must not keep the others from being read: it is logged and left out."""
    try:
        return source.facts(client, thing)
    except Permanent as failure:
        if not failure.code.startswith(UNREADABLE):
            raise
        name = f"{source.path}/{ref(thing.get('id'))}"
        log.warning("left out", extra={"thing": name, "code": failure.code, "field": failure.hint})
        return ()


def _window(source: Source, position: Position) -> dict[str, str]:
    window = {
        "orderby": "id",
        "order": "asc",
        "per_page": str(source.per_page),
        **source.projection,
        **dict(source.query),
    }
    if position.status:
        window["status"] = position.status
    return {**window, "offset": str(position.offset)} if position.offset else window


def _since(source: Source, changed_since: datetime | None) -> dict[str, str]:
    """`modified_after` means later than that second, so a second is given away. UTC must come without its Z and with the flag:
    with both the store shifts the value by its offset, with neither it takes it for local time."""
    if changed_since is None or not source.tells_changes:
        return {}
    after = changed_since.astimezone(UTC) - timedelta(seconds=1)
    return {"modified_after": after.strftime("%Y-%m-%dT%H:%M:%S"), "dates_are_gmt": "true"}


def _by_id(body: object) -> dict[int, Record]:
    listed = {ref(thing.get("id")): thing for thing in records(body)}
    if not isinstance(body, list) or "" in listed:
        raise Transient("unexpected_answer")
    return {int(thing_ref): thing for thing_ref, thing in listed.items()}


def _step_on(position: Position, source: Source, listed: dict[int, Record], total: int | None) -> Position | None:
    """None behind the last page. The store's count tells which one that is, for some hosts cut pages shorter than we ask.
    `Transient` where it does not go on from where we were: the store counted a moment too early, or ignores `offset`."""
    end = position.offset + len(listed)
    is_ignored = bool(listed) and total is not None and position.offset >= total
    has_more = len(listed) >= source.per_page if total is None else bool(listed) and end < total
    if is_ignored or (has_more and len(listed) == 1):
        raise Transient("paging_refused")
    last_id = max(position.last_id, *listed) if has_more else 0
    return Position(status=position.status, offset=end - 1, last_id=last_id) if has_more else None


def _step_back(position: Position, source: Source) -> Position:
    offset = max(position.offset - source.per_page, 0)
    return Position(status=position.status, offset=offset, last_id=position.last_id)


def _next_list(position: Position, source: Source, changed_since: datetime | None) -> Position | None:
    """What is in the bin is news only where changes are asked for."""
    later = source.lists[source.lists.index(position.status) + 1 :] if changed_since is not None else ()
    return Position(status=later[0]) if later else None


def _total(answer: Answer) -> int | None:
    said = answer.headers.get("x-wp-total", "")
    return int(said) if said.isascii() and said.isdecimal() else None
