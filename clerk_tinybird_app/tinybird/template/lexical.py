"""Finds where in the SQL a place of a template is: in code, between quotes, or in a comment.

A value is written according to its place. The compiler follows the possible places through all
branches and loops, so a render needs no time for this.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from clerk_tinybird_app.tinybird.template.events import Event

CODE = ""
AFTER_MINUS = "-"
AFTER_WORD = "w"
LINE_COMMENT = "--"
BLOCK_COMMENT = "/*"
COMMENTS = frozenset({LINE_COMMENT, BLOCK_COMMENT})
PLAIN = frozenset({CODE, AFTER_MINUS, AFTER_WORD})

_OPENERS = re.compile(r"--|# |#!|/\*|['\"`\u2018\u201c]|\$\w*\$")
_ENDS = {
    "'": re.compile(r"\\.|'", re.DOTALL),
    '"': re.compile(r'\\.|"', re.DOTALL),
    "`": re.compile(r"\\.|`", re.DOTALL),
    "\u2018": re.compile("\u2019"),
    "\u201c": re.compile("\u201d"),
    LINE_COMMENT: re.compile(r"\n"),
    BLOCK_COMMENT: re.compile(r"\*/"),
}
_LAST_WORD = re.compile(r"\w\Z")


def advance(state: str, text: str) -> str:
    """Return the state after `text`, which begins in `state`."""
    if state == AFTER_MINUS:
        text = "-" + text
    if state in PLAIN:
        state = CODE
    place = 0
    while True:
        if state == CODE:
            found = _OPENERS.search(text, place)
            if not found:
                return _end_of_code(text)
            state = LINE_COMMENT if found[0].startswith("#") else found[0]
        else:
            end = _ENDS.get(state) or re.compile(re.escape(state))
            found = end.search(text, place)
            if not found:
                return state
            if not found[0].startswith("\\"):
                state = CODE
        place = found.end()


def _end_of_code(text: str) -> str:
    if text.endswith("-"):
        return AFTER_MINUS
    return AFTER_WORD if _LAST_WORD.search(text) else CODE


@dataclass
class _Block:
    entry: frozenset[str]
    ends: frozenset[str] = frozenset()
    has_else: bool = False
    keyword: str = ""


@dataclass
class Places:
    """The possible states at each event, in the order of the text.

    Attributes:
        loop_ends: The number of a loop -> the states at its end, from `rehearsal`. The next
            iteration begins with these states.
        states: The states at the event that `read` reads next.
    """

    loop_ends: Mapping[int, frozenset[str]] = field(default_factory=dict)
    states: frozenset[str] = frozenset({CODE})
    ended: dict[int, frozenset[str]] = field(default_factory=dict)
    _blocks: list[tuple[int, _Block]] = field(default_factory=list)
    _opened: int = 0

    def read(self, event: Event) -> None:
        """Move to the place after `event`."""
        match event.kind:
            case "text":
                self.states = frozenset(advance(state, event.source) for state in self.states)
            case "output":
                self.states = frozenset(CODE if s in PLAIN else s for s in self.states)
            case "open":
                self._open(event)
            case "branch":
                self._branch(event)
            case "close":
                self._close()
            case "jump":
                self._may_leave_from_here("for", "while")
        self._may_leave_from_here("try")

    def _may_leave_from_here(self, *keywords: str) -> None:
        for _, block in self._blocks:
            if block.keyword in keywords:
                block.ends |= self.states

    def _open(self, event: Event) -> None:
        self._opened += 1
        entry = self.states | self.loop_ends.get(self._opened, frozenset())
        self._blocks.append((self._opened, _Block(entry, keyword=event.keyword)))
        self.states = entry

    def _branch(self, event: Event) -> None:
        _, block = self._blocks[-1]
        block.ends |= self.states
        block.has_else = block.has_else or event.keyword == "else"
        self.states = block.entry if block.keyword == "if" else block.entry | block.ends

    def _close(self) -> None:
        number, block = self._blocks.pop()
        ends = block.ends | self.states
        if block.keyword in {"for", "while"}:
            self.ended[number] = ends
        is_passed_by = block.keyword != "if" or not block.has_else
        self.states = ends | block.entry if is_passed_by else ends

    @property
    def is_comment(self) -> bool:
        """True when this place is in a comment, whichever branches run."""
        return self.states <= COMMENTS

    @property
    def writer(self) -> str:
        """The name of the function that writes a value here."""
        if self.states - COMMENTS - PLAIN:
            return "write_in_quotes"
        if self.states & COMMENTS:
            return "write_in_comment"
        if AFTER_WORD in self.states:
            return "write_after_word"
        return "write_after_minus" if AFTER_MINUS in self.states else "write"


def rehearsal(events: Iterable[Event]) -> Mapping[int, frozenset[str]]:
    """Return the states at the end of each loop, from a first pass over the events."""
    places = Places()
    for event in events:
        places.read(event)
    return places.ended
