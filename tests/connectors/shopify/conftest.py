"""A loopback store for the tests of this folder, Shopify's own samples and its schema where they are at hand."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import orjson
import pytest
from graphql import GraphQLSchema, build_client_schema

from app.connectors.shopify.client import API_VERSION, Store
from app.kernel.http import Http
from tests.connectors.shopify.laid_out import LaidOut


@pytest.fixture(scope="session")
def shared_samples() -> Path:
    """Shopify's own samples, which may not be copied here: beside the repository, or where ENCORE_SHARED says."""
    shared = Path(os.environ.get("ENCORE_SHARED") or Path(__file__).parents[4] / "shared")
    folder = shared / "platforms" / "shopify" / "webhooks"
    if not folder.is_dir():
        pytest.skip("Shopify's own samples are not at hand: set ENCORE_SHARED")
    return folder


@pytest.fixture(scope="session")
def schema() -> GraphQLSchema:
    """The published schema, from the npm package @shopify/dev-mcp 1.16.0 (ISC): SHOPIFY_SCHEMA names its unpacked folder or the
    file in it. It is Shopify's, so no copy stands here."""
    named = Path(os.environ.get("SHOPIFY_SCHEMA") or "nowhere")
    name = f"admin_{API_VERSION}.json.gz"
    path = next(named.rglob(name), None) if named.is_dir() else named
    if path is None or not path.is_file():
        missing = "Shopify's schema is not at hand: npm pack @shopify/dev-mcp@1.16.0, unpack it and set SHOPIFY_SCHEMA"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    introspection: Any = orjson.loads(gzip.decompress(path.read_bytes()))
    return build_client_schema(introspection.get("data", introspection))


@pytest.fixture
def laid_out() -> Iterator[LaidOut]:
    """A loopback HTTP server; a test lays out its answers."""
    state = LaidOut()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer leaves in one piece, or the client's kernel waits for the second one

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.asked.append(orjson.loads(body))
            state.paths.append(self.path)
            state.headers.append({name.lower(): value for name, value in self.headers.items()})
            answer = state.answers.popleft()
            self.send_response_only(answer.status)
            self.send_header("Content-Length", str(len(answer.body)))
            for name, value in {"Date": self.date_time_string(), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body[: len(answer.body) - answer.cut])
            self.close_connection = bool(answer.cut)

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def store(laid_out: LaidOut, http: Http) -> Store:
    return Store(laid_out.access(), http)
