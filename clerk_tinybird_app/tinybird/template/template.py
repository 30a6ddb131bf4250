"""The class `Template`: compiled once, rendered for each request."""

import copy
import re
from collections.abc import Mapping
from types import FunctionType
from typing import Any

from clerk_tinybird_app.tinybird.template.compiler import FAILURES, NAMESPACE, compile_template
from clerk_tinybird_app.tinybird.template.parameters import Parameter, collect, without_default
from clerk_tinybird_app.tinybird.template.run import (
    LimitReachedError,
    QueryContext,
    Run,
    clipped,
    syntax_error,
)

_JSON_TYPES = (str, int, float, list, dict, type(None))
_NO_CONTEXT = QueryContext()
_UNSET = re.compile(r"(local|free) variable 'u_(\w+)'")


class _Values(dict[str, Any]):
    """The values of a request. A missing value is None, like a null."""

    __slots__ = ()

    def __missing__(self, name: str) -> None:
        return None


class Template:
    """The SQL of a node.

    Several threads can render at once: they share only the code.

    Args:
        sql: The text of the node, without the `%` that marks a template.
        is_template: Whether it had that `%`. If not, `sql` is returned unchanged.

    Raises:
        TemplateError: The template is malformed or not supported; `line` says where.
    """

    __slots__ = ("_code", "_fills", "_sql", "_without_default", "parameters")

    def __init__(self, sql: str, *, is_template: bool = True) -> None:
        compiled = compile_template(sql) if is_template else None
        self._sql = sql
        self._code = compiled.code if compiled else None
        self._fills = compiled is not None and compiled.fills
        found = compiled.uses if compiled else ()
        self.parameters: tuple[Parameter, ...] = collect(found)
        self._without_default = without_default(found)

    def render(self, values: Mapping[str, Any], context: QueryContext = _NO_CONTEXT) -> str:
        """Return the SQL for one request.

        Args:
            values: Parameter -> text from a URL, or a JSON value from a POST body.
            context: The tables and secrets that the template may use.

        Raises:
            TemplateError: It cannot be rendered; the text is Tinybird's.
        """
        if self._code is None:
            return self._sql
        given = _Values(values)
        run = Run(context, self._without_default)
        try:
            return self._run(run, given)
        except LimitReachedError as error:
            raise syntax_error(f"the template was stopped: {error}") from None
        except NameError as error:
            raise syntax_error(_UNSET.sub(r"\1 variable '\2'", str(error))) from None
        except KeyError as error:
            raise syntax_error(
                f"Missing key {clipped(str(error))} while rendering the template. "
                "Ensure every object accessed in the template has this key."
            ) from None
        except FAILURES as error:
            raise syntax_error(clipped(str(error))) from None
        except (RecursionError, MemoryError):
            raise syntax_error("the template was stopped: a value is nested too deeply") from None

    def _run(self, run: Run, given: _Values) -> str:
        for name, value in given.items():
            if not isinstance(value, _JSON_TYPES):
                raise TypeError(f"the value of '{name}' is no JSON value")
            if self._fills:
                # What is added to it is for this render alone.
                run.weigh(value)
                given[name] = copy.deepcopy(value)
        names = {**NAMESPACE, "run": run, "values": given}
        # Typed Any because its code is Tornado's, made at run time.
        function: Any = FunctionType(self._code, names)  # type: ignore[arg-type]
        sql: bytes = function()
        if run.is_spent:
            raise LimitReachedError("it went over its limits")
        return sql.decode()
