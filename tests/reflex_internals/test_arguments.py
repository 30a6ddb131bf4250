"""A handler's annotations say what a page may send it."""

import dataclasses
from typing import Any, Literal

import pytest
from reflex_base.registry import RegistrationContext

from clerk_tinybird_app.reflex_internals.handlers import unfit_argument
from tests.state import tab  # noqa: F401 # one app a process, whose states these are


@dataclasses.dataclass
class Point:
    x: int


class Model:
    """Stands for a type that Reflex builds from JSON by itself."""


class State:
    """Handlers, as a state has them."""

    def typed(
        self,
        number: int,
        *,
        text: str = "",
        choice: Literal["a", "b"] = "a",
        maybe: str | None = None,
        share: float = 0.5,
        names: list[str] | None = None,
        form: dict[str, str] | None = None,
        point: Point | None = None,
    ) -> None: ...

    def untyped(self, anything) -> None:  # type: ignore[no-untyped-def]
        ...

    def modelled(self, model: Model) -> None: ...


@pytest.mark.parametrize(
    "payload",
    [
        {"number": 1},
        {"number": 1, "text": "x", "choice": "b", "maybe": None, "share": 1, "names": ["a"]},
        {"number": 1, "form": {"a": "b"}},
        {"number": 1, "form": {"__reflex_form_data__": [["a", "b"], ["a", "c"]]}},
        {"number": 1, "point": {"x": 1}},
    ],
)
def test_arguments_that_fit_pass(payload: dict[str, Any]) -> None:
    assert unfit_argument(State.typed, payload) is None


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"number": "1"},
        {"number": True},
        {"number": None},
        {"number": 1.5},
        {"number": 1, "more": 1},
        {"number": 1, "self": 1},
        {"number": 1, "text": 1},
        {"number": 1, "text": None},
        {"number": 1, "choice": "c"},
        {"number": 1, "maybe": 1},
        {"number": 1, "share": "1"},
        {"number": 1, "names": "a"},
        {"number": 1, "names": [1]},
        {"number": 1, "form": {"a": 1}},
        {"number": 1, "form": {"__reflex_form_data__": [["a", 1]]}},
        {"number": 1, "form": {"__reflex_form_data__": [["a"]]}},
        {"number": 1, "point": {"x": "1"}},
    ],
)
def test_arguments_that_do_not_fit_are_named(payload: dict[str, Any]) -> None:
    assert unfit_argument(State.typed, payload)


def test_what_has_no_type_takes_anything_and_what_reflex_builds_is_left_to_it() -> None:
    assert unfit_argument(State.untyped, {"anything": {"a": [1, None]}}) is None
    assert unfit_argument(State.modelled, {"model": {"a": 1}}) is None


def test_the_annotations_of_every_handler_of_the_app_can_be_read() -> None:
    handlers = RegistrationContext.get().event_handlers

    assert len(handlers) > 20
    for registered in handlers.values():
        assert unfit_argument(registered.handler.fn, {"no such argument": 1})
