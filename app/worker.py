"""The workers: a parent that keeps three children alive, and the children, one queue each, that do not fork per job."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from types import FrameType

from redis.exceptions import RedisError
from rq import Queue as RqQueue
from rq import SimpleWorker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer

from app import wiring
from app.jobs.queue import Queue, Stop
from app.jobs.relay import relay_forever
from app.kernel import logging
from app.kernel.config import BadSettings

RELAY = "relay"
ROLES = (RELAY, *(queue.value for queue in Queue))
CONNECTIONS = 1
"""Of one child to the database. Sixteen of the web process and three of these leave one of a small plan's twenty for a command."""
GRACE_SECONDS = 22.0
"""Longer than a batch may run (jobs/queue.py), shorter than the 30 s after which a platform kills."""
RESTART_SECONDS = 2.0
"""A child is not started more often than this: what ends it at once (a database that is away) must not eat the machine."""


class Worker(SimpleWorker):
    """One queue, one process, no fork: a fork costs 16 ms, a job less. Any number of SIGTERMs is one: RQ by itself takes a second
    one for an order to drop the job, and some platforms send several."""

    is_busy = False

    def execute_job(self, job: Job, queue: RqQueue) -> None:
        self.is_busy = True
        try:
            super().execute_job(job, queue)
        finally:
            self.is_busy = False

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        Stop.is_set = True
        self._stop_requested = True
        if not self.is_busy:
            raise StopRequested


@dataclass(slots=True)
class Child:
    process: BaseProcess
    started_at: float


def main() -> int:
    """Supervise until a signal says stop; the exit code for the shell."""
    logging.configure(sys.stdout)
    try:
        wiring.read_settings(os.environ)
    except BadSettings as problem:
        print(problem, file=sys.stderr)  # noqa: T201 (said to the person at the terminal)
        return 2
    _stop_on_signal()
    supervise()
    return 0


def supervise() -> None:
    """Start a child a role, and again whenever one ends. The children are forked, so they share the memory of the imported app
    and are back at once; nothing is connected before the fork."""
    children: dict[str, Child] = {}
    try:
        while not Stop.is_set:
            for role in ROLES:
                child = children.get(role)
                if child is None or (
                    not child.process.is_alive() and time.monotonic() - child.started_at > RESTART_SECONDS
                ):
                    children[role] = _start(role)
            time.sleep(0.2)
    finally:  # also when no child could be started: a parent that fails must not wait for children that nobody told to stop
        _end([child.process for child in children.values()])


def _start(role: str) -> Child:
    process = multiprocessing.get_context("fork").Process(target=_run, args=(role, os.getpid()), name=f"encore-{role}")
    process.start()
    return Child(process=process, started_at=time.monotonic())


def _run(role: str, parent: int) -> None:
    """A child's life."""
    _stop_on_signal()
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    runtime = wiring.start(os.environ, connections=CONNECTIONS, statement_timeout=60_000)
    if role == RELAY:
        relay_forever(runtime)
        return
    while not Stop.is_set:
        try:
            worker = Worker([role], connection=runtime.valkey, serializer=JSONSerializer, maintenance_interval=60)
            worker.work(logging_level="WARNING")
        except RedisError:
            time.sleep(RESTART_SECONDS)


def _end_with(parent: int) -> None:
    """A parent that was killed cannot tell its children: they look."""
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


def _end(processes: list[BaseProcess]) -> None:
    for process in processes:
        if process.is_alive():
            process.terminate()
    until = time.monotonic() + GRACE_SECONDS
    for process in processes:
        process.join(max(0.1, until - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()


def _stop_on_signal() -> None:
    def stop(_signum: int, _frame: FrameType | None) -> None:
        Stop.is_set = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


if __name__ == "__main__":
    sys.exit(main())
