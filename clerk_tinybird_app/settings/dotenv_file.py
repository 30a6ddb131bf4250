"""Reading a dotenv file strictly: a line that means nothing is an error, not a silent default."""

import io
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from clerk_tinybird_app.settings.environment import SettingsError


def read_dotenv(path: Path) -> dict[str, str | None]:
    """Return the names and values in ``path``, nothing when there is no such file.

    ``$`` stands for itself: secrets may hold it, so nothing is interpolated.

    Raises:
        SettingsError: The file is not UTF-8 text, or a line is not ``NAME=value``.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        raise SettingsError(f"{path.name} is not UTF-8 text; save it in that encoding") from None
    for binding in parse_stream(io.StringIO(text)):
        if _is_cut_short(binding.value):
            raise SettingsError(
                f"{path.name}, line {binding.original.line}: {binding.key} goes on over several "
                'lines; put double quotes around the whole value: NAME="-----BEGIN … END …-----"'
            )
        if binding.error or (binding.key and binding.value is None):
            line = binding.original.line
            raise SettingsError(f"{path.name}, line {line}: expected NAME=value, or a # comment")
    return dict(dotenv_values(stream=io.StringIO(text), interpolate=False))


def _is_cut_short(value: str | None) -> bool:
    """Tell whether ``value`` is the first line of a PEM that nothing holds together."""
    return value is not None and value.startswith("-----BEGIN") and "-----END" not in value
