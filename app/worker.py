"""The workers: a parent that keeps its children alive, and the children, one queue each, that do not fork per job."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
from contextlib import closing
from ctypes import c_double
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType

from redis.exceptions import RedisError
from rq import Queue as RqQueue
from rq import SimpleWorker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer

from app import wiring
from app.jobs.deadline import Deadline, is_overdue, new_cell
from app.jobs.queue import Queue, Stop
from app.jobs.relay import relay_forever
from app.kernel import capacity
from app.kernel import logging as json_logging
from app.kernel.config import BadSettings

log = logging.getLogger(__name__)

RELAY = "relay"
ROLES = (RELAY, *(queue.value for queue in Queue))
NICENESS = {Queue.WORLD.value: 5, Queue.SLOW.value: 10}
"""Added to a child's own (nice(2)): on a machine that also serves pages, a shopper goes first, then what stores tell, then letters,
then imports."""
CONNECTIONS = 1
"""Of one child to the database (kernel/capacity.py counts them)."""
STATEMENT_TIMEOUT = 60_000
"""Milliseconds."""
GRACE_SECONDS = 22.0
"""Longer than a batch may run (jobs/queue.py), shorter than the 30 s after which a platform kills."""
RESTART_SECONDS = 2.0
"""A child is not started more often than this: what ends it at once (a database that is away) must not eat the machine."""
STOPPED = "T"
"""The state of a process that somebody halted on purpose (proc(5)): it does not hang, and it may go on."""


class Worker(SimpleWorker):
    """One queue, one process, no fork: a fork costs 16 ms, a job less. Any number of SIGTERMs is one: RQ by itself takes a second
    one for an order to drop the job, and some platforms send several."""

    is_busy = False
    max_connection_wait_time = 5.0  # RQ waits up to a minute for a Valkey that was away

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
    deadline: c_double


def main() -> int:
    """Supervise until a signal says stop; the exit code for the shell."""
    json_logging.configure(sys.stdout)
    try:
        _judge()
    except BadSettings as problem:
        print(problem, file=sys.stderr)  # noqa: T201 (said to the person at the terminal)
        return 2
    _stop_on_signal()
    supervise()
    return 0


def _judge() -> None:
    """Before anything is forked, with connections that are closed again. `BadSettings` when it cannot run here."""
    runtime = wiring.start(os.environ, connections=1, statement_timeout=STATEMENT_TIMEOUT)
    with closing(runtime.db), closing(runtime.valkey):
        found = wiring.findings(runtime)
    need = capacity.memory_of_worker(capacity.resident(), len(ROLES))
    found += capacity.check_memory("worker", need, capacity.memory_limit(), "give it a plan with more memory")
    wiring.judge(found)


def supervise() -> None:
    """Start a child a role, and again whenever one ends, and end one that hangs. The children are forked, so they share the memory
    of the imported app and are back at once; nothing is connected while they are."""
    children: dict[str, Child] = {}
    gc.collect()
    gc.freeze()  # what is imported stays: looking through it again and again took a letter's sender an eighth of its time
    try:
        while not Stop.is_set:
            for role in ROLES:
                child = children.get(role)
                if child is None or _is_due_again(child):
                    children[role] = _start(role)
                elif is_overdue(child.deadline) and child.process.is_alive():
                    _end_hanging(child, role)
            time.sleep(0.2)
    finally:  # also when no child could be started: a parent that fails must not wait for children that nobody told to stop
        _end([child.process for child in children.values()])


def _is_due_again(child: Child) -> bool:
    return not child.process.is_alive() and time.monotonic() - child.started_at > RESTART_SECONDS


def _end_hanging(child: Child, role: str) -> None:
    """The rows it holds are counted and come alone once their lease is over; the third time they are parked."""
    if _state(child.process.pid) == STOPPED:
        return
    log.error("child hangs, ended", extra={"role": role})
    child.process.kill()
    child.process.join()


def _state(pid: int | None) -> str:
    """One letter; nothing where the kernel does not tell."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    return told.rpartition(")")[2].split()[0]


def _start(role: str) -> Child:
    cell = new_cell()
    process = multiprocessing.get_context("fork").Process(
        target=_run, args=(role, os.getpid(), cell), name=f"encore-{role}"
    )
    process.start()
    return Child(process=process, started_at=time.monotonic(), deadline=cell)


def _run(role: str, parent: int, deadline: c_double) -> None:
    """A child's life."""
    _stop_on_signal()
    Deadline.cell = deadline
    _be_modest()
    os.nice(NICENESS.get(role, 0))
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    runtime = wiring.start(
        os.environ,
        connections=CONNECTIONS,
        statement_timeout=STATEMENT_TIMEOUT,
        plans_anew=role == Queue.WORLD,  # it reads and writes letters one by one
    )
    if role == RELAY:
        relay_forever(runtime)
        return
    while not Stop.is_set:
        try:
            worker = Worker([role], connection=runtime.valkey, serializer=JSONSerializer, maintenance_interval=60)
            worker.work(logging_level="WARNING")
        except RedisError:
            time.sleep(RESTART_SECONDS)


def _be_modest() -> None:
    """Fail with MemoryError, which is counted like any bug, before the machine has no memory left for the others. macOS does not
    enforce it."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = capacity.most_for_one(capacity.memory_limit())
    resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


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
