"""A small reader of ClickHouse's SQL, independent of the engine, to check rendered SQL."""

import re
from typing import NamedTuple

LITERAL, QUOTED_NAME, COMMENT, WORD, SIGN = "literal", "quoted name", "comment", "word", "sign"

_NUMBER = re.compile(r"-?(?:\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|inf\b|nan\b)")
_UNSIGNED = re.compile(r"\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|inf\b|nan\b")
_WORD = re.compile(r"[^\W\d]\w*")
_BEFORE_OPERAND = {"SELECT", "WHERE", "AND", "IN", "LIKE", "LIMIT", "BY", "FROM"}
_CONSTANT_WORDS = {"True", "False", "NULL"}


class Token(NamedTuple):
    """What a token is and, where values cannot change it, how it reads."""

    kind: str
    text: str


def _quoted(sql: str, start: int) -> int:
    quote, place = sql[start], start + 1
    while place < len(sql):
        if sql[place] == "\\":
            place += 2
        elif sql[place] != quote:
            place += 1
        elif sql[place : place + 2] == quote * 2:
            place += 2
        else:
            return place + 1
    raise AssertionError(f"the quote at {start} is never closed: {sql!r}")


def _comment(sql: str, start: int) -> int | None:
    if sql.startswith("/*", start):
        end = sql.find("*/", start + 2)
        assert end >= 0, f"the comment at {start} is never closed: {sql!r}"
        return end + 2
    if sql.startswith(("--", "# ", "#!"), start):
        end = sql.find("\n", start)
        return len(sql) if end < 0 else end + 1
    return None


def _begins_operand(tokens: list[Token]) -> bool:
    if not tokens:
        return True
    last = tokens[-1]
    if last.kind == WORD:
        return last.text in _BEFORE_OPERAND
    return last.kind == SIGN and last.text not in ")]}"


def tokens(sql: str) -> list[Token]:
    """The tokens of `sql`; the text of literals, names in quotes and comments is left out."""
    found: list[Token] = []
    place = 0
    while place < len(sql):
        character = sql[place]
        end = _comment(sql, place)
        if end is not None:
            found.append(Token(COMMENT, ""))
        elif character == "'":
            end = _quoted(sql, place)
            found.append(Token(LITERAL, "text"))
        elif character in '"`':
            end = _quoted(sql, place)
            found.append(Token(QUOTED_NAME, ""))
        elif character.isspace():
            end = place + 1
        else:
            number = (_NUMBER if _begins_operand(found) else _UNSIGNED).match(sql, place)
            word = _WORD.match(sql, place)
            if number:
                found.append(Token(LITERAL, "number"))
                end = number.end()
            elif word:
                constant = word[0] in _CONSTANT_WORDS
                found.append(Token(LITERAL, "number") if constant else Token(WORD, word[0]))
                end = word.end()
            else:
                found.append(Token(SIGN, character))
                end = place + 1
        place = end
    return found


def without_lists(found: list[Token]) -> list[Token]:
    """The tokens with each `[1, 2]` of literals made into one literal."""
    made: list[Token] = []
    for token in found:
        made.append(token)
        if token != Token(SIGN, "]"):
            continue
        opened = max(place for place, item in enumerate(made) if item == Token(SIGN, "["))
        inside = made[opened + 1 : -1]
        if all(item.kind == LITERAL or item.text == "," for item in inside):
            made[opened:] = [Token(LITERAL, "list")]
    return made
