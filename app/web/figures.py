"""What Prometheus is told of a house: rows counted when somebody asks, the same whichever process answers, kept for a moment."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisError
from sqlalchemy.exc import OperationalError

from app.domain.insight import vitals
from app.jobs.queue import Queue
from app.jobs.works import WORKS, waiting
from app.kernel.build import build_id
from app.kernel.capacity import room_for_connections
from app.kernel.runtime import Runtime

FRESH_SECONDS = 15.0
"""How old a number may be: whoever asks more often is told the same."""
SWEEP_SECONDS = 0.5
"""For how long shops are read, one after the other, for one answer; where there are more of them, each comes in its turn."""

Sums = Mapping[str, Mapping[str, int]]
"""Of all shops: name of the number, then state or resource."""


class Shops:
    """The numbers that only an entered shop gives (row-level security), read in turn and added up."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._read: dict[int, tuple[float, Counter[tuple[str, str]]]] = {}

    def sums(self) -> Sums:
        """Reads on where it stopped, for `SWEEP_SECONDS`."""
        until = time.monotonic() + SWEEP_SECONDS
        with self._runtime.db.house() as session:
            present = vitals.shop_ids(session)
        self._read = {shop_id: self._read.get(shop_id, (0.0, Counter())) for shop_id in present}
        for shop_id in sorted(present, key=lambda shop_id: self._read[shop_id][0]):
            self._read[shop_id] = (time.monotonic(), self._numbers(shop_id))
            if time.monotonic() > until:
                break
        added: dict[str, dict[str, int]] = {name: {} for name in vitals.OF_SHOP}
        for _, numbers in self._read.values():
            for (name, label), count in numbers.items():
                added[name][label] = added[name].get(label, 0) + count
        return added

    def age(self) -> float:
        """Seconds since the shop was read whose turn comes next; 0 without shops."""
        now = time.monotonic()
        return max((now - read_at for read_at, _ in self._read.values()), default=0.0)

    def _numbers(self, shop_id: int) -> Counter[tuple[str, str]]:
        """What it was before where counting takes too long now."""
        try:
            with self._runtime.db.transaction(shop_id) as session:
                return vitals.of_shop(session)
        except OperationalError:
            return self._read[shop_id][1]


class Figures(Collector):
    """Collected at most every `FRESH_SECONDS`, whoever asks; several who ask at once are told the same."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._shops = Shops(runtime)
        self._lock = threading.Lock()
        self._told: list[Metric] = []
        self._told_at = 0.0

    def describe(self) -> Iterable[Metric]:
        """Nothing is read before somebody asks."""
        return ()

    def collect(self) -> Iterable[Metric]:
        with self._lock:
            if not self._told or time.monotonic() - self._told_at > FRESH_SECONDS:
                self._told = [*self._house(), *self._work(), *self._of_shops(), *self._database(), *self._valkey()]
                self._told_at = time.monotonic()
            return self._told

    def _house(self) -> Iterator[Metric]:
        yield _labelled("build_info", "The build that runs.", "build", {build_id(): 1})

    def _work(self) -> Iterator[Metric]:
        """A kind without rows is told as 0, so that an alert on it has something to look at."""
        with self._runtime.db.house() as session:
            found = {state.kind: state for state in vitals.work(session, self._runtime.clock.now())}
        idle = {
            kind: vitals.WorkState(kind=kind, due=0, taken=0, later=0, parked=0, oldest_due=0, oldest=0)
            for kind in WORKS
        }
        states = {**idle, **found}
        rows = GaugeMetricFamily(
            "encore_outbox_rows", "Work that is owed, by kind and state.", labels=["kind", "state"]
        )
        for kind, state in states.items():
            counts = {"due": state.due, "taken": state.taken, "later": state.later, "parked": state.parked}
            for name, count in counts.items():
                rows.add_metric([kind, name], count)
        yield rows
        oldest = {kind: state.oldest_due for kind, state in states.items()}
        yield _labelled("outbox_oldest_due_seconds", "How long work waits that could be done now.", "kind", oldest)
        yield _plain(
            "inbox_oldest_unprocessed_seconds",
            "Age of the oldest delivery nobody has read yet.",
            states["ingest"].oldest,
        )

    def _of_shops(self) -> Iterator[Metric]:
        sums = self._shops.sums()
        yield _labelled("inbox_last_hour", "Deliveries of the last hour.", "state", sums["inbox"])
        yield _labelled("messages", "The ledger of messages.", "state", {"uncertain": 0} | dict(sums["messages"]))
        yield _plain("messages_duplicated", "Messages sent more than once.", sum(sums["duplicated"].values()))
        yield _labelled("effects", "What stores were asked to do.", "state", {"uncertain": 0} | dict(sums["effects"]))
        drift = dict(sums["drift"])
        yield _plain(
            "subscriptions_mended", "Webhooks that the last check had to set up again.", drift.pop("webhooks", 0)
        )
        swept = {resource: sums["swept"][resource] for resource in drift}
        yield _labelled("swept", "What the last sweep looked at.", "resource", swept)
        yield _labelled("drift", "What the last sweep found otherwise than our rows said.", "resource", drift)
        yield _labelled("syncs_failing", "Shops whose last reading failed.", "resource", sums["failing"])
        yield _plain(
            "shops_age_seconds", "Age of the oldest of the numbers that are read shop by shop.", self._shops.age()
        )

    def _database(self) -> Iterator[Metric]:
        asked_at = datetime.now(UTC)
        with self._runtime.db.house() as session:
            state = vitals.database(session)
        middle = asked_at + (datetime.now(UTC) - asked_at) / 2
        room = room_for_connections(self._runtime.db)
        yield _plain("postgres_connections", "Connections of this installation's role.", state.connections)
        yield _plain("postgres_connections_allowed", "Connections that it may have.", room)
        yield _plain("postgres_longest_transaction_seconds", "Age of the longest open transaction.", state.longest)
        offset = (middle - state.clock).total_seconds()
        yield _plain("clock_offset_seconds", "By how much this machine's clock runs before the database's.", offset)

    def _valkey(self) -> Iterator[Metric]:
        valkey = self._runtime.valkey
        try:
            told: dict[str, Any] = valkey.info()  # pyright: ignore[reportUnknownMemberType, reportAssignmentType]
            hints = {queue.value: waiting(self._runtime, queue) for queue in Queue}
        except RedisError:
            yield _plain("valkey_up", "Whether Valkey answers.", 0)
            return
        yield _plain("valkey_up", "Whether Valkey answers.", 1)
        yield _plain("valkey_memory_bytes", "Memory that Valkey uses.", told["used_memory"])
        evicted = CounterMetricFamily("encore_valkey_evicted_keys", "Hints that a full Valkey threw away.")
        evicted.add_metric([], told["evicted_keys"])
        yield evicted
        yield _labelled("valkey_hints", "Hints that no worker has taken yet.", "queue", hints)


def _plain(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"encore_{name}", meaning, value=value)


def _labelled(name: str, meaning: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"encore_{name}", meaning, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
