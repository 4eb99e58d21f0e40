"""A wire between Encore and Postgres that can be cut at the one moment when nobody knows: right after a commit was sent.

Source: PostgreSQL's documentation, "Frontend/Backend Protocol", Message Formats: a type byte, then a length that counts itself;
only the first message of a client has no type. `ReadyForQuery` tells whether a transaction is open.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

QUERY, BIND, SYNC = b"Q", b"B", b"S"
READY = b"Z"
IDLE = b"I"
COMMIT = b"COMMIT\0"


@dataclass(slots=True)
class Wire:
    """One client's connection."""

    is_idle: bool = True
    is_bound: bool = False

    def is_commit(self, kind: bytes, said: bytes) -> bool:
        """Whether this message makes something last: COMMIT, or the end of a statement that commits itself."""
        if kind == BIND:
            self.is_bound = True
        if kind == SYNC:
            was_bound, self.is_bound = self.is_bound, False
            return was_bound and self.is_idle
        return kind == QUERY and said == COMMIT


class Proxy:
    """Listens on a port of its own. Of the commits that pass while cuts are left one in `one_in` is cut, by dice: counted off, the
    cuts fell into step with the relay's rounds and hit nobody else. They come in turn before the commit has reached the server, and
    after the server has done it, but before its answer comes back."""

    def __init__(self, database_url: str, one_in: int) -> None:
        parts = urlsplit(database_url)
        self._server = parts.hostname, parts.port
        self._one_in = one_in
        self._dice = random.Random(one_in)
        self.cuts = 0
        self.most = 0
        """Cuts that are allowed; none until somebody says so."""
        self._loop = asyncio.new_event_loop()
        self._listening = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        port = self._listening.sockets[0].getsockname()[1]
        credentials = parts.netloc.rpartition("@")[0]
        self.url = parts._replace(
            netloc=f"{credentials}@127.0.0.1:{port}", query="sslmode=disable&gssencmode=disable"
        ).geturl()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        self._listening.close()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection(*self._server)
        wire = Wire()
        back = asyncio.create_task(self._back(server, to_client, wire))
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._forth(client, to_server, wire, back)
        finally:
            back.cancel()
            for writer in (to_client, to_server):
                writer.transport.abort()

    async def _forth(
        self, client: asyncio.StreamReader, to_server: asyncio.StreamWriter, wire: Wire, back: asyncio.Task[None]
    ) -> None:
        async for kind, said in messages(client, has_types=False):
            is_cut = wire.is_commit(kind, said[4:]) and self._is_due()
            if is_cut and self.cuts % 2:
                return
            to_server.write(kind + said)
            await to_server.drain()
            if is_cut:
                back.cancel()
                await asyncio.sleep(0.05)
                return
            if kind in (QUERY, SYNC):
                wire.is_idle = False

    async def _back(self, server: asyncio.StreamReader, to_client: asyncio.StreamWriter, wire: Wire) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            async for kind, said in messages(server, has_types=True):
                if kind == READY:
                    wire.is_idle = said[4:] == IDLE
                to_client.write(kind + said)
                await to_client.drain()
        to_client.close()

    def _is_due(self) -> bool:
        if self.cuts >= self.most or self._dice.randrange(self._one_in):
            return False
        self.cuts += 1
        return True


async def messages(reader: asyncio.StreamReader, *, has_types: bool) -> AsyncIterator[tuple[bytes, bytes]]:
    """Each message: its type (empty for the first of a client), and its length and contents."""
    while True:
        kind = await reader.readexactly(1) if has_types else b""
        length = await reader.readexactly(4)
        yield kind, length + await reader.readexactly(int.from_bytes(length, "big") - 4)
        has_types = True
