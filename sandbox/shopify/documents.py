"""The documents that this store runs: exactly those in the connector's folder, compared by meaning and not by layout."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from graphql import DefinitionNode, DocumentNode, GraphQLSyntaxError, parse, print_ast

from sandbox.shopify.graphql import Refused

FOLDER = Path(__file__).parents[2] / "app" / "connectors" / "shopify"


class Documents:
    """A document is known when each of its operations and fragments stands in one of the folder's files."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._known = {print_ast(one) for one in _definitions(folder)}

    def read(self, text: str) -> DocumentNode:
        """Refused for what does not parse and for what the folder does not hold."""
        try:
            document = parse(text)
        except GraphQLSyntaxError as error:
            raise Refused(error.message, "PARSE_ERROR") from error
        if not all(print_ast(one) in self._known for one in document.definitions):
            raise Refused("The sandbox runs only the documents in app/connectors/shopify", "UNKNOWN_DOCUMENT")
        return document


def _definitions(folder: Path) -> Iterator[DefinitionNode]:
    for path in sorted(folder.rglob("*.graphql")):
        yield from parse(path.read_text(encoding="utf-8")).definitions
