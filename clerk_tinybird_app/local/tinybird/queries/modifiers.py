"""``FINAL``, ``SAMPLE`` and ``PREWHERE`` over a data source that a token filters.

ClickHouse takes them for tables alone, and such a data source is a sealed query. So ``FINAL`` goes
into a seal of its own, before the filter; and ``PREWHERE``, which ClickHouse would ask of rows that
the filter keeps out, becomes a part of the ``WHERE`` outside the seal, where it tells the same.

Only the caller's own text is rewritten, and what comes of it is checked as if it had been sent.
"""

import re
from collections.abc import Collection, Mapping
from typing import Final

from clerk_tinybird_app.local.tinybird.engine.tables import quoted
from clerk_tinybird_app.local.tinybird.errors import bad_request

_ANY: Final = re.compile(r"\b(?:FINAL|SAMPLE|PREWHERE)\b")
_TOKEN: Final = re.compile(r"""'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|"(?:[^"\\]|\\.)*"|\w+|\S""")
_BEFORE_TABLE: Final = frozenset({"FROM", "JOIN", ","})
_AFTER_CONDITIONS: Final = frozenset(
    {"GROUP", "HAVING", "WINDOW", "QUALIFY", "ORDER", "LIMIT", "OFFSET", "SETTINGS"}
    | {"UNION", "EXCEPT", "INTERSECT", "FORMAT"}
)
_DEPTH: Final = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}
_SUFFIX: Final = "__final"


def without_modifiers(
    statement: str, filtered: Collection[str], taken: Collection[str]
) -> tuple[str, Mapping[str, str]]:
    """Return a canonical statement without the modifiers that a seal cannot have.

    Sealed are the ``filtered`` data sources; no new name may be one of those ``taken``.

    Returns:
        The statement; and by each name that stands for a data source with ``FINAL``, that one.

    Raises:
        ApiError: 400, it samples one, or it has both ``FINAL`` and ``PREWHERE``.
    """
    if not filtered or not _ANY.search(statement):
        return statement, {}
    words = _words(statement)
    finals: dict[str, str] = {}
    for place in [place for place, word in enumerate(words) if word in {"FINAL", "SAMPLE"}]:
        name_at = _table_before(words, place)
        name = words[name_at].strip("`") if name_at is not None else ""
        if name_at is None or name not in filtered:
            continue
        following = next((word for word in words[place + 1 :] if word.strip()), "")
        if "SAMPLE" in (words[place], following):
            raise bad_request(
                f"[Error] SAMPLE cannot be used over '{name}', whose rows the token filters: a "
                "sample of all tenants' rows would be taken before. Use WHERE with a hash of a "
                "column, such as cityHash64(id) % 10 = 0. (UNSUPPORTED_METHOD)"
            )
        new = f"{name}{_SUFFIX}"
        while new in taken:
            new += "_"
        finals[new] = name
        has_alias = "AS" in words[name_at:place]
        words[name_at] = quoted(new) if has_alias else f"{quoted(new)} AS {quoted(name)}"
        words[place] = ""
    if "PREWHERE" in words:
        if finals:
            raise bad_request(
                "[Error] PREWHERE with FINAL cannot be used over rows that the token filters. Use "
                "WHERE. (UNSUPPORTED_METHOD)"
            )
        _join_with_where(words)
    return "".join(words), finals


def _words(statement: str) -> list[str]:
    """Return a statement's tokens and what stands between them, together all of it."""
    words, end = [], 0
    for found in _TOKEN.finditer(statement):
        words += [statement[end : found.start()], found[0]]
        end = found.end()
    return [*words, statement[end:]]


def _table_before(words: list[str], place: int) -> int | None:
    """Return where the table is that a modifier follows; None: it is no table's."""
    before = [at for at in range(place) if words[at].strip()][-4:]
    if len(before) == 4 and words[before[2]] == "AS" and words[before[0]] in _BEFORE_TABLE:  # noqa: PLR2004 - name AS alias
        return before[1]
    if len(before) > 1 and words[before[-2]] in _BEFORE_TABLE:
        return before[-1]
    return None


def _join_with_where(words: list[str]) -> None:
    """Join each ``PREWHERE`` with the ``WHERE`` after it, else make it one."""
    for place in [place for place, word in enumerate(words) if word == "PREWHERE"]:
        words[place] = "WHERE ("
        where, end = _where_and_end(words, place)
        if where is not None:
            words[where] = ") AND ("
        words[end] = f"){words[end]}" if words[end].strip() else f") {words[end]}"


def _where_and_end(words: list[str], place: int) -> tuple[int | None, int]:
    """Return where the ``WHERE`` after a place is, if there is one, and where conditions end."""
    depth, where = 0, None
    for at in range(place + 1, len(words)):
        depth += _DEPTH.get(words[at], 0)
        if depth < 0 or (depth == 0 and words[at] in _AFTER_CONDITIONS):
            return where, at
        if depth == 0 and words[at] == "WHERE":
            where = at
    return where, len(words) - 1
