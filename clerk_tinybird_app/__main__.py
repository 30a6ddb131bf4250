"""Runs a command of the app: ``python -m clerk_tinybird_app check``, or another."""

import signal
import sys

if __name__ == "__main__":
    # Importing the app takes a moment, in which a Ctrl+C shall leave no traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from clerk_tinybird_app.commands import run

    sys.exit(run(sys.argv[1:]))
