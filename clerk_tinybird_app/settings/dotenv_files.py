"""Reads dotenv files strictly: what is no ``NAME=value`` is an error that names its line."""

import io
from pathlib import Path

from dotenv.parser import parse_stream

from clerk_tinybird_app.settings.environment import SettingsError


def read_dotenv(path: Path) -> dict[str, str | None]:
    """Return the names and values in ``path``; of a name that is there twice, the last value.

    Raises:
        SettingsError: As for ``read_bindings``.
    """
    return dict(read_bindings(path))


def read_bindings(path: Path) -> list[tuple[str, str | None]]:
    """Return each name and its value in ``path``, nothing when there is no such file.

    ``$`` has no special meaning, because secrets may contain it.

    Raises:
        SettingsError: The file cannot be read, is not UTF-8 text, or a line is not ``NAME=value``.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise SettingsError(
            f"{path.name} cannot be read ({error.strerror}): let the user who runs this read it, "
            "or take it away and set the variables in the environment"
        ) from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path.name} is not UTF-8 text; save it in that encoding") from None
    bindings = list(parse_stream(io.StringIO(text)))
    for binding in bindings:
        if _is_cut_short(binding.value):
            raise SettingsError(
                f"{path.name}, line {binding.original.line}: {binding.key} goes on over several "
                'lines; put double quotes around the whole value: NAME="-----BEGIN … END …-----"'
            )
        if binding.error or (binding.key and binding.value is None):
            line = binding.original.line
            raise SettingsError(f"{path.name}, line {line}: expected NAME=value, or a # comment")
    return [(binding.key, binding.value) for binding in bindings if binding.key]


def _is_cut_short(value: str | None) -> bool:
    """Tell whether ``value`` is only the first line of a PEM text, which needs quotes."""
    return value is not None and value.startswith("-----BEGIN") and "-----END" not in value
