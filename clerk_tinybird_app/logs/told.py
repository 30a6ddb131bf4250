"""What a command tells the person who has started it, in lines without level and time."""

import sys


def tell(sentence: str) -> None:
    """Write a line to the standard output, at once."""
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()
