"""What a command tells the person who has started it, in lines without level and time."""

import logging
import sys

from clerk_tinybird_app.logs.lines import writes_json

_logger = logging.getLogger(__name__)


def tell(sentence: str) -> None:
    """Write a line to the standard output, at once; as a line of the log where that is JSON."""
    if writes_json():
        _logger.info("%s", sentence)
        return
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()
