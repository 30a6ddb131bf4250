"""Finds variables that are set more than once, differently, so that one value does not count."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Final

from clerk_tinybird_app.settings.dotenv_files import read_bindings
from clerk_tinybird_app.settings.environment import ALIASES, canonical
from clerk_tinybird_app.settings.settings import DOTENV_FILES, Settings, sources

_PLACES: Final = (*reversed(DOTENV_FILES), "the environment")
"""The sources in their order; each one wins over those before it."""


def contradicted(folder: Path | None = None) -> list[str]:
    """Return a sentence for each variable that one source sets twice, in order of names.

    Args:
        folder: Where the dotenv files are, the working directory when None.

    Raises:
        SettingsError: A dotenv file cannot be read.
    """
    found = dict(zip(_PLACES, sources(folder), strict=True))
    told = [sentence for place, source in found.items() for sentence in _aliases(place, source)]
    for name in DOTENV_FILES:
        told += _twice(name, (folder or Path.cwd()) / name)
    return sorted(told)


def overridden(folder: Path | None = None) -> list[str]:
    """Return a sentence for each variable whose value in a file does not count.

    Args:
        folder: As for ``contradicted``.

    Raises:
        SettingsError: A dotenv file cannot be read.
    """
    own = {item.metadata["env"] for item in fields(Settings)}
    found = {
        place: canonical(source) for place, source in zip(_PLACES, sources(folder), strict=True)
    }
    return [
        f"{name} is set differently in {_listed(places)}: {places[-1]} counts."
        for name in sorted(own)
        if len(places := [place for place, values in found.items() if values.get(name)]) > 1
        and len({found[place][name] for place in places}) > 1
    ]


def _aliases(place: str, source: Mapping[str, str | None]) -> Iterator[str]:
    for name, aliases in ALIASES.items():
        spelled = [each for each in (name, *aliases) if source.get(each)]
        if len({source[each] for each in spelled}) > 1:
            yield (
                f"{_listed(spelled)} are one setting, set differently in {place}: {spelled[0]} "
                "counts."
            )


def _twice(name: str, file: Path) -> Iterator[str]:
    values: dict[str, str | None] = {}
    for key, value in read_bindings(file):
        if key in values and values[key] != value:
            yield f"{key} is twice in {name}, with different values: the last one counts."
        values[key] = value


def _listed(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"
