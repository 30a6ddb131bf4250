"""Which parts of a template a render can pass by."""

from clerk_tinybird_app.tinybird.template.errors import syntax_error
from clerk_tinybird_app.tinybird.template.nodes import Event
from clerk_tinybird_app.tinybird.template.statements import split_keyword

_LOOPS = frozenset({"for", "while"})


class Flow:
    """Follows the events of a template, and knows where it stands among its blocks."""

    def __init__(self) -> None:
        self.is_conditional = False
        self._blocks: list[list[str]] = []

    def read(self, event: Event) -> None:
        """Go to `event`; `is_conditional` then tells of the expressions in it.

        The condition of an `if` and the list of a `for` are always reached, so a block counts
        only from the event after its opening.
        """
        keyword = split_keyword(event.source)[0]
        if event.kind == "branch":
            self._blocks[-1][1] = keyword
        self.is_conditional = any(part != "finally" for _, part in self._blocks)
        if event.kind == "open":
            self._blocks.append([keyword, keyword])
        elif event.kind == "close":
            self._blocks.pop()
        elif event.kind == "jump":
            self._refuse_jump_from_finally(event)

    def _refuse_jump_from_finally(self, event: Event) -> None:
        # It would swallow the error, and with it the end of a loop that reached its limit.
        for opened, part in reversed(self._blocks):
            if opened in _LOOPS:
                return
            if part == "finally":
                raise syntax_error(
                    f"{event.source} inside finally is not supported", line=event.line
                )
