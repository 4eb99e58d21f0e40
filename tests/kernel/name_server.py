"""A name server on this machine that knows what a test tells it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from app.kernel.dns import Names

Zone = Mapping[str, Sequence[str]]
"""TXT records by name; a name that only has others below it is there too, and empty (RFC 8020)."""


@contextmanager
def name_server(zone: Zone, *, is_silent: bool = False) -> Iterator[Names]:
    """What asks it. A silent one refuses every question."""
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.bind(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                asked, who = line.recvfrom(4096)
            except OSError:
                return
            if not asked:
                return
            line.sendto(_answer(asked, zone, is_silent=is_silent), who)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    port = line.getsockname()[1]
    try:
        yield Names(["127.0.0.1"], port)
    finally:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stop:
            stop.sendto(b"", ("127.0.0.1", port))
        thread.join()
        line.close()


def _answer(asked: bytes, zone: Zone, *, is_silent: bool) -> bytes:
    question = dns.message.from_wire(asked)
    reply = dns.message.make_response(question)
    name = question.question[0].name.to_text(omit_final_dot=True).lower()
    if is_silent:
        reply.set_rcode(dns.rcode.SERVFAIL)
    elif zone.get(name):
        texts = [
            " ".join(f'"{text[start : start + 200]}"' for start in range(0, len(text), 200)) for text in zone[name]
        ]
        reply.answer.append(dns.rrset.from_text(question.question[0].name, 60, "IN", "TXT", *texts))
    elif not any(known == name or known.endswith(f".{name}") for known in zone):
        reply.set_rcode(dns.rcode.NXDOMAIN)
    return reply.to_wire()
