"""Two of everything that may be there once: each tick is struck once, and its work is done once."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.conftest import Servers
from tests.faults.numbers import record
from tests.faults.store import opened
from tests.trials import SCHEDULED_SECONDS

PERIOD = 3
"""Seconds: a scheduler looks every second, so it misses none."""
COUNTED = (
    "CREATE TABLE counted (change text, kind text)",
    "GRANT ALL ON counted TO PUBLIC",
    "CREATE FUNCTION count_work() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " INSERT INTO counted VALUES (TG_OP, coalesce(NEW.kind, OLD.kind)); RETURN NULL; END $$",
    "CREATE TRIGGER count_work AFTER INSERT OR DELETE ON outbox FOR EACH ROW EXECUTE FUNCTION count_work()",
    "CREATE FUNCTION count_waiting() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " IF NEW.name LIKE 'track/%' AND EXISTS (SELECT 1 FROM outbox WHERE shop_id = NEW.shop_id AND kind = 'track' AND attempts = 0)"
    " THEN INSERT INTO counted VALUES ('WAITING', 'track'); END IF; RETURN NULL; END $$",
    "CREATE TRIGGER count_waiting AFTER INSERT ON tick FOR EACH ROW EXECUTE FUNCTION count_waiting()",
)
"""The test's own memory of what was owed and what was done, for rows of work go with their outcome; and of the ticks that found
their predecessor's work still waiting, which is not owed twice."""
TICKS = (
    "SELECT count(*) AS struck, extract(epoch FROM max(period_start) - min(period_start))::int / :period + 1 AS periods"
    " FROM tick WHERE name LIKE 'track/%'"
)


@pytest.mark.timeout(900)
def test_f24_two_schedulers_and_two_relays_do_each_tick_once(
    servers: Servers, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with opened(servers, tmp_path) as (stage, shopkeeper):
        with stage.db.house() as session:
            for statement in COUNTED:
                session.execute(text(statement))
        for _ in range(10):
            shopkeeper.send(shopkeeper.sell())
        shopkeeper.tell()
        workers = [stage.start_worker(POLL_SECONDS=str(PERIOD)) for _ in range(2)]
        time.sleep(SCHEDULED_SECONDS)
        for worker in workers:
            worker.stop()
        with stage.db.house() as session:
            struck, periods = session.execute(text(TICKS), {"period": PERIOD}).one()
            counted = dict(
                session.execute(text("SELECT change, count(*) FROM counted WHERE kind = 'track' GROUP BY change")).all()
            )
        stage.start_worker()
        numbers = shopkeeper.truth.compare(stage, "F24", struck, "ticks", stage.seconds_until_quiet())
    record(numbers, record_property)
    assert numbers.wrong == {}, stage.left()
    assert numbers.msgs_uncertain == 0
    assert struck == periods >= SCHEDULED_SECONDS // PERIOD - 3, "a period was missed"
    assert counted["INSERT"] <= struck <= counted["INSERT"] + counted.get("WAITING", 0), (
        "owed more or less than once a tick"
    )
    assert counted["INSERT"] - counted.get("DELETE", 0) in (0, 1), "done more or less than once a tick"
