"""Granian's main process: it ends with its terminal, and renews no worker with other code."""

import logging
import os
import signal
from collections.abc import Callable, Sequence
from typing import Any, Final

from granian.server import MPServer

_TERMINAL: Final = "/dev/tty"
_logger = logging.getLogger(__name__)


def ends_with_terminal() -> bool:
    """Tell whether a HUP means that the terminal of this process has closed.

    A service and a container have no terminal, and ``nohup`` has made this process ignore it:
    there a HUP renews the workers.
    """
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return False
    try:
        os.close(os.open(_TERMINAL, os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


class Supervisor(MPServer):
    """Starts the workers and renews them.

    Args:
        changed: Names what has changed since the pages were built, "" when nothing has. A worker
            that begins reads the code anew, so it would have another release than the others.
        ends_at_hup: Whether a HUP ends the server instead of renewing the workers.
    """

    def __init__(
        self, *args: Any, changed: Callable[[], str], ends_at_hup: bool, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self._changed = changed
        self._ends_at_hup = ends_at_hup

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        """Handle a stop. A Ctrl+C goes to the workers too, so that some may end before this one."""
        for worker in self.wrks:
            worker.interrupt_by_parent = True
        super().signal_handler_interrupt(*args, **kwargs)  # type: ignore[no-untyped-call]

    def shutdown(self, exit_code: int = 0) -> None:
        """End the workers that have not ended, and this process."""
        if self.interrupt_signal:
            self.interrupt_children.clear()
        super().shutdown(exit_code)  # type: ignore[no-untyped-call]

    def signal_handler_reload(self, *args: Any, **kwargs: Any) -> None:
        """Handle a HUP."""
        if self._ends_at_hup:
            self.signal_handler_interrupt(*args, **kwargs)
        else:
            super().signal_handler_reload(*args, **kwargs)  # type: ignore[no-untyped-call]

    def _reload(self, spawn_target: Any, target_loader: Any) -> None:
        if changed := self._changed():
            self.reload_signal = False
            self.main_loop_interrupt.clear()
            _logger.warning(
                "The workers are not renewed, because they would mix two releases. Changed since "
                "this server's pages were built: %s. Stop the server and start it again.",
                changed,
            )
            return
        super()._reload(spawn_target, target_loader)  # type: ignore[no-untyped-call]

    def _respawn_workers(
        self, workers: Sequence[int], spawn_target: Any, target_loader: Any, delay: float = 0
    ) -> None:
        # One that has ended must be replaced all the same.
        if changed := self._changed():
            _logger.warning(
                "A worker is replaced by one of another release. Changed since this server's pages "
                "were built: %s. Stop the server and start it again.",
                changed,
            )
        super()._respawn_workers(workers, spawn_target, target_loader, delay)
