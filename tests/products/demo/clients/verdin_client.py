"""The real ``verdin`` client, in the environment of its own."""

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.products.demo.clients.tb import SECONDS, quiet

PROGRAM: Final = Path(__file__).with_name("verdin_program.py")


class RefusedError(Exception):
    """verdin raised one of its own errors; the text is verdin's."""


@dataclass(frozen=True)
class Verdin:
    """``verdin`` against the Tinybird at a port of this machine; by default as the workspace."""

    python: Path
    home: Path
    port: int
    token: str = field(repr=False)

    def do(self, action: str, token: str | None = None, **arguments: Any) -> Any:
        """Do one of the program's actions; return its answer.

        Raises:
            RefusedError: verdin raised an error of its own.
        """
        host = f"http://localhost:{self.port}"
        job = {"action": action, "arguments": arguments, "host": host}
        done = subprocess.run(
            [str(self.python), "-I", str(PROGRAM)],
            input=json.dumps({**job, "token": token or self.token}),
            env=dict(quiet(self.home)),
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=SECONDS,
        )
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout)
        if "error" in said:
            raise RefusedError(said["error"])
        return said["answer"]
