"""The instructions that each kind of file may hold.

From https://www.tinybird.co/docs/forward/dev-reference/datafiles (datasource-files, pipe-files)
and, for those that only older projects use, .../docs/classic/cli/datafiles.
"""

import difflib
from dataclasses import dataclass
from typing import Final

INCLUDE: Final = "INCLUDE"

ENGINE_SETTINGS: Final = frozenset(
    f"ENGINE_{name}"
    for name in (
        "PARTITION_KEY",
        "SORTING_KEY",
        "PRIMARY_KEY",
        "SAMPLING_KEY",
        "TTL",
        "VER",
        "SIGN",
        "VERSION",
        "IS_DELETED",
        "SETTINGS",
        "COLUMNS",
        "KEY_COLUMNS",
        "JOIN_STRICTNESS",
        "JOIN_TYPE",
    )
)

_EVERYWHERE: Final = frozenset({"DESCRIPTION", "TOKEN", "TAGS", "VERSION", "MAINTAINER", INCLUDE})
_CLOSE: Final = 0.8


@dataclass(frozen=True)
class Vocabulary:
    """What a kind of file may say.

    Attributes:
        kind: The file's ending, for messages.
        words: Every instruction with a fixed name.
        prefixes: Beginnings of families of instructions, such as ``KAFKA_``.
    """

    kind: str
    words: frozenset[str]
    prefixes: tuple[str, ...]

    def knows(self, word: str) -> bool:
        """Tell whether ``word``, in any case, is an instruction."""
        return word.upper() in self.words or word.upper().startswith(self.prefixes)

    def resembles(self, word: str) -> bool:
        """Tell whether ``word`` is no instruction but looks like one misspelt."""
        is_family = word.isupper() and "_" in word and word.split("_", maxsplit=1)[0] in _FAMILIES
        return word.isupper() and (is_family or self._nearest(word) is not None)

    def advice(self, word: str) -> str:
        """Return a sentence on what to do about a line that begins with ``word``."""
        nearest = self._nearest(word.upper())
        meant = f" Did you mean {nearest}?" if nearest else ""
        return f"'{word}' is not an instruction of a {self.kind} file.{meant}"

    def _nearest(self, word: str) -> str | None:
        found = difflib.get_close_matches(word, sorted(self.words), n=1, cutoff=_CLOSE)
        return found[0] if found else None


_FAMILIES: Final = frozenset({"ENGINE", "KAFKA", "IMPORT", "COPY", "EXPORT", "TARGET"})

DATASOURCE: Final = Vocabulary(
    kind=".datasource",
    words=_EVERYWHERE
    | ENGINE_SETTINGS
    | {"SCHEMA", "ENGINE", "INDEXES", "SHARED_WITH", "SOURCE", "FORWARD_QUERY", "BACKFILL"},
    prefixes=("KAFKA_", "IMPORT_"),
)

PIPE: Final = Vocabulary(
    kind=".pipe",
    words=_EVERYWHERE
    | ENGINE_SETTINGS
    | {"NODE", "SQL", "TYPE", "DATASOURCE", "TARGET_DATASOURCE", "ENGINE", "DEPLOYMENT_METHOD"},
    prefixes=("COPY_", "EXPORT_"),
)
