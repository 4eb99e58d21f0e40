"""Runs a GraphQL document over plain objects and without a schema: the walk that a server does once its types are settled.

A document is trusted to be valid against the official schema (a test sees to that), so nothing here checks types. What the
objects do not have is refused by name, as a real server would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    Undefined,
    value_from_ast_untyped,
)

Arguments = Mapping[str, Any]
Resolver = Callable[[Arguments], Any]
"""Makes a field's value from its arguments."""

DIRECTIVES = frozenset({"idempotent"})
"""Those that a field's resolver is told of; it alone knows what they mean to it."""


@dataclass(frozen=True, slots=True)
class Node:
    """An object of the API. A field is a plain value, a Node, a list of these, or a `Resolver`."""

    typename: str
    fields: Mapping[str, Any]
    interfaces: frozenset[str] = frozenset()

    def is_a(self, name: str) -> bool:
        return name == self.typename or name in self.interfaces


class Refused(Exception):
    """The document is not run at all."""

    def __init__(self, message: str, code: str, **extensions: object) -> None:
        super().__init__(message)
        self.error = {"message": message, "extensions": {"code": code, **extensions}}


class FieldFailed(Exception):
    """One field answers null and an error; the rest of the answer stands."""

    def __init__(self, message: str, code: str, **extensions: object) -> None:
        super().__init__(message)
        self.message = message
        self.extensions = {"code": code, **extensions}


@dataclass(frozen=True, slots=True)
class Request:
    """One operation with its fragments and the values of its variables."""

    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]

    def arguments(self, node: FieldNode) -> Arguments:
        """Those of a directive that the field bears stand under its name: `{"@idempotent": {"key": ...}}`."""
        directives = {f"@{one.name.value}": self._values(one.arguments) for one in node.directives}
        return {**self._values(node.arguments), **directives}

    def _values(self, arguments: Iterable[ArgumentNode]) -> Arguments:
        given = {one.name.value: value_from_ast_untyped(one.value, dict(self.variables)) for one in arguments}
        return {name: value for name, value in given.items() if value is not Undefined}

    def expand(self, selection: SelectionSetNode | None) -> Iterator[tuple[str, FieldNode]]:
        """The fields of a selection, each with the type it is asked of ("" where it is asked of any)."""
        for one in selection.selections if selection else ():
            _refuse_directives(one)
            if isinstance(one, FieldNode):
                yield "", one
                continue
            condition, inner = self._fragment(one)
            for deeper, node in self.expand(inner):
                yield deeper or condition, node

    def _fragment(self, node: SelectionNode) -> tuple[str, SelectionSetNode]:
        if isinstance(node, InlineFragmentNode):
            return node.type_condition.name.value if node.type_condition else "", node.selection_set
        spread = self.fragments[cast(FragmentSpreadNode, node).name.value]
        return spread.type_condition.name.value, spread.selection_set


def _refuse_directives(node: SelectionNode) -> None:
    unknown = [one.name.value for one in node.directives if one.name.value not in DIRECTIVES]
    if unknown:
        raise Refused(f"The sandbox does not know @{unknown[0]}", "undefinedDirective")


def read(document: DocumentNode, variables: Mapping[str, Any], operation_name: str | None = None) -> Request:
    """Pick the operation and fill in the defaults of its variables. Refused when one is missing."""
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    named = [one for one in operations if operation_name is None or (one.name and one.name.value == operation_name)]
    if len(named) != 1:
        raise Refused("An operation name is required", "missingOperation")
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    return Request(named[0], fragments, dict(_variables(named[0], variables)))


def _variables(operation: OperationDefinitionNode, given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for one in operation.variable_definitions:
        name = one.variable.name.value
        value = given.get(name)
        if value is None and one.default_value and name not in given:
            value = value_from_ast_untyped(one.default_value)
        if value is None and isinstance(one.type, NonNullTypeNode):
            raise Refused(f"Variable ${name} was provided invalid value", "INVALID_VARIABLE", value=None)
        if value is not None or name in given:
            yield name, value


@dataclass(slots=True)
class Answer:
    """What a run makes: the data, and one error for every field that failed."""

    data: dict[str, Any] = field(default_factory=dict[str, Any])
    errors: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


def run(request: Request, root: Node) -> Answer:
    """Resolve the operation from its root object. Refused when a document asks for what the objects do not have."""
    answer = Answer()
    answer.data = _object(request, root, [request.operation.selection_set], (), answer.errors)
    return answer


def _object(
    request: Request,
    node: Node,
    selections: Sequence[SelectionSetNode | None],
    path: tuple[str | int, ...],
    errors: list[dict[str, Any]],
) -> dict[str, Any]:
    wanted: dict[str, list[FieldNode]] = {}
    for selection in selections:
        for condition, one in request.expand(selection):
            if not condition or node.is_a(condition):
                wanted.setdefault(one.alias.value if one.alias else one.name.value, []).append(one)
    made: dict[str, Any] = {}
    for key, nodes in wanted.items():
        try:
            value = _resolve(request, node, nodes[0])
        except FieldFailed as failed:
            errors.append({"message": failed.message, "path": [*path, key], "extensions": failed.extensions})
            value = None
        made[key] = _complete(request, value, [one.selection_set for one in nodes], (*path, key), errors)
    return made


def _resolve(request: Request, node: Node, one: FieldNode) -> object:
    name = one.name.value
    if name == "__typename":
        return node.typename
    if name not in node.fields:
        message = f"Field '{name}' doesn't exist on type '{node.typename}'"
        raise Refused(message, "undefinedField", typeName=node.typename, fieldName=name)
    value = node.fields[name]
    return value(request.arguments(one)) if callable(value) else value


def _complete(
    request: Request,
    value: object,
    selections: Sequence[SelectionSetNode | None],
    path: tuple[str | int, ...],
    errors: list[dict[str, Any]],
) -> object:
    if isinstance(value, list):
        items = cast(list[object], value)
        return [_complete(request, item, selections, (*path, n), errors) for n, item in enumerate(items)]
    if isinstance(value, Node):
        return _object(request, value, selections, path, errors)
    return value
