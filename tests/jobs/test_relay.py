"""Hints: given for what is due, and never an alarm in the middle of a hand-over."""

from __future__ import annotations

from rq import Queue as RqQueue
from rq.serializers import JSONSerializer

from app.channels import email
from app.domain.outbox import service as outbox
from app.jobs.relay import hint_due_work
from app.kernel.runtime import Runtime
from tests.builders import a_shop


def test_a_hint_may_take_as_long_as_a_mail_server_may(runtime: Runtime) -> None:
    shop = a_shop(runtime.db)
    with runtime.db.transaction(shop.id) as session:
        outbox.owe(session, shop.id, "deliver", ["1", "2"])
    assert hint_due_work(runtime) == 1
    assert hint_due_work(runtime) == 0
    (hint,) = RqQueue("world", connection=runtime.valkey, serializer=JSONSerializer).jobs
    commands = 3  # MAIL, RCPT, DATA
    assert hint.timeout
    assert hint.timeout > email.CONNECT_TIMEOUT + commands * email.COMMAND_TIMEOUT + email.VERDICT_TIMEOUT
