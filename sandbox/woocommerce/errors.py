"""Errors as the REST API words them."""

from __future__ import annotations

from dataclasses import dataclass


class RestError(Exception):
    """An answer that is an error. `data` None: the object with the status that most errors carry; some carry a bare number."""

    def __init__(self, status: int, code: str | int, message: str, data: dict[str, object] | int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, object] = {
            "code": code,
            "message": message,
            "data": {"status": status} if data is None else data,
        }


class Denied(RestError):
    """Refused before the route said what it allows: such answers have no Allow header."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one parameter."""

    code: str
    message: str


def invalid_parameters(problems: dict[str, Problem]) -> RestError:
    data: dict[str, object] = {
        "status": 400,
        "params": {name: problem.message for name, problem in problems.items()},
        "details": {
            name: {"code": problem.code, "message": problem.message, "data": None} for name, problem in problems.items()
        },
    }
    return RestError(400, "rest_invalid_param", f"Invalid parameter(s): {', '.join(problems)}", data)


def missing_parameter(name: str) -> RestError:
    data: dict[str, object] = {"status": 400, "params": [name]}
    return RestError(400, "rest_missing_callback_param", f"Missing parameter(s): {name}", data)


def unauthenticated(message: str) -> Denied:
    return Denied(401, "woocommerce_rest_authentication_error", message)


def cannot(method: str, *, is_list: bool) -> Denied:
    """What nobody in particular is told."""
    if method == "GET":
        return Denied(
            401,
            "woocommerce_rest_cannot_view",
            f"Sorry, you cannot {'list resources' if is_list else 'view this resource'}.",
        )
    if method == "DELETE":
        return Denied(401, "woocommerce_rest_cannot_delete", "Sorry, you are not allowed to delete this resource.")
    if is_list:
        return Denied(401, "woocommerce_rest_cannot_create", "Sorry, you are not allowed to create resources.")
    return Denied(401, "woocommerce_rest_cannot_edit", "Sorry, you are not allowed to edit this resource.")


def no_route() -> Denied:
    return Denied(404, "rest_no_route", "No route was found matching the URL and request method.")


def invalid_id(kind: str) -> RestError:
    return RestError(404, f"woocommerce_rest_{kind}_invalid_id", "Invalid ID.")
