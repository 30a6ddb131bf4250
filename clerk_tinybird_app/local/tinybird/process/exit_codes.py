"""The exit statuses by which the embedded Tinybird's process says why it did not start."""

from typing import Final

NO_PROJECT: Final = 3
PORT_IN_USE: Final = 4
DATA_FOLDER_IN_USE: Final = 5
DATA_FOLDER_UNUSABLE: Final = 6
