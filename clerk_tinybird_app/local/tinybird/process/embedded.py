"""Keeps a Tinybird running beside the app."""

import asyncio
import importlib.util
import logging
from asyncio.subprocess import Process
from pathlib import Path
from typing import Final

import httpx

from clerk_tinybird_app.background import in_background
from clerk_tinybird_app.local.tinybird.access.static_tokens import KeptWorkspace, kept_workspace
from clerk_tinybird_app.local.tinybird.demo.traffic import Misfit, Traffic
from clerk_tinybird_app.local.tinybird.demo.world import Newcomers, World
from clerk_tinybird_app.local.tinybird.process import child
from clerk_tinybird_app.tinybird.token import Workspace

_CHDB: Final = "chdb"
_START_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.05
_WATCH_SECONDS: Final = 1.0
_MISSES: Final = 2
"""Answers that an API which is not ours may fail to give before it counts as gone."""

_BACKOFF_SECONDS: Final = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_REASONS: Final = {
    child.NO_PROJECT: "the project folder is missing; set TINYBIRD_PROJECT to it",
    child.PORT_IN_USE: "another program listens on its port; set TB_LOCAL_PORT to a free one",
    child.DATA_FOLDER_IN_USE: "another process has its data folder open",
    child.DATA_FOLDER_UNUSABLE: (
        "its data folder cannot be written to, or has one of *?{ in its path; "
        "move the app's folder elsewhere"
    ),
}

_log = logging.getLogger(__name__)


class TinybirdUnavailable(Exception):  # noqa: N818 - it says what is the case
    """The embedded Tinybird did not start; the text says why and what to do."""


class EmbeddedTinybird:
    """Runs the embedded Tinybird as a child and starts it anew when it dies.

    If a Tinybird answers at the port already, such as Tinybird Local, that one is used; once it is
    gone, the child takes its place. The ``product`` is the package of the one whose sample is made
    up and kept moving, "" for none; the ``arguments`` are more options for the process.
    """

    def __init__(
        self,
        *,
        project: Path,
        data: Path,
        port: int,
        product: str = "",
        arguments: tuple[str, ...] = (),
    ) -> None:
        self._project = project
        self._data = data
        self._port = port
        self._world = World.of(product) if product else None
        self._arguments = (*arguments, *(("--product", product) if product else ()))
        self._kept = kept_workspace(data)
        self._newcomers = Newcomers(data)
        self._traffic: Traffic | None = None
        self._joined: set[str] = set()
        self._http: httpx.AsyncClient | None = None
        self._child: Process | None = None
        self._external: KeptWorkspace | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def url(self) -> str:
        """The API's address."""
        return f"http://localhost:{self._port}"

    @property
    def is_external(self) -> bool:
        """Whether a Tinybird is used that something else runs."""
        return self._external is not None

    @property
    def pid(self) -> int | None:
        """The child's process id; None when there is none."""
        return self._child.pid if self._child and self._child.returncode is None else None

    def workspace(self, *, token_ttl: int, rps: int) -> Workspace:
        """Return the workspace that tokens are made for, which live ``token_ttl`` seconds."""
        used = self._external or self._kept
        return Workspace(
            api_url=self.url,
            workspace_id=used.workspace_id,
            signing_key=used.signing_key,
            token_ttl=token_ttl,
            rps=rps,
        )

    async def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            TinybirdUnavailable: It does not; the text says why and what to do.
        """
        self._http = httpx.AsyncClient(trust_env=False)
        try:
            if not await self._uses_external():
                await self._start_child()
        except TinybirdUnavailable:
            await self.stop()
            raise
        self._tasks.append(in_background(self._keep(), "the watch over the embedded Tinybird"))
        if world := self._world:
            newcomers = (world.newcomer(*ids) for ids in self._newcomers.all())
            tenants = (*world.tenants, *newcomers)
            self._joined = {tenant.id for tenant in tenants}
            key = self._kept.signing_key
            self._traffic = Traffic(self._http, self.url, key, world, tenants=tenants)
            self._tasks.append(in_background(self._traffic.run(), "the sample traffic"))

    async def add_sample_traffic(self, tenant_id: str, user_id: str) -> int:
        """Give a tenant without rows two months of made-up ones, and new ones from now on.

        Returns:
            How many rows were added; 0 for a tenant that has them, or is about to.

        Raises:
            TinybirdUnavailable: It cannot be, or ended on the way; the text says why.
        """
        if self._world is None:
            raise TinybirdUnavailable("This product has no sample.py: there is no sample traffic.")
        if self._traffic is None:
            raise TinybirdUnavailable("The embedded Tinybird is still starting; try again.")
        if tenant_id in self._joined:
            return 0
        self._joined.add(tenant_id)
        has_begun = False

        def begun() -> None:
            nonlocal has_begun
            has_begun = True
            self._newcomers.keep(tenant_id, user_id)

        try:
            return await self._traffic.join(self._world.newcomer(tenant_id, user_id), begun)
        except Misfit:
            raise TinybirdUnavailable(
                f"What answers at {self.url} has another project than {self._world.file} is for; "
                "send it events."
            ) from None
        except httpx.HTTPError as error:
            raise TinybirdUnavailable(
                f"The embedded Tinybird took no rows ({type(error).__name__}); try again."
            ) from error
        finally:
            if not has_begun:
                self._joined.discard(tenant_id)

    async def stop(self) -> None:
        """Stop it; a Tinybird that something else runs goes on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        self._traffic = None
        if self._child is not None:
            await child.stop(self._child)
            self._child = None
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def _uses_external(self) -> bool:
        """Use what answers at the port, if it is a Tinybird that we did not start."""
        key = await self._find()
        if key is None:
            return False
        if key == self._kept.signing_key:
            self._external = self._kept
            return True
        workspace_id = await child.find_workspace_id(self._client(), self.url, key)
        if workspace_id is None:
            raise TinybirdUnavailable(
                f"Something answers as Tinybird at {self.url} but names no workspace. "
                "Stop it, or set TB_LOCAL_PORT to another port."
            )
        self._external = KeptWorkspace(workspace_id, key)
        _log.info("Using the Tinybird that already answers at %s.", self.url)
        return True

    async def _start_child(self) -> None:
        """Start the child and wait until it answers with this data folder's key."""
        self._external = None
        if importlib.util.find_spec(_CHDB) is None:
            raise TinybirdUnavailable(
                f"The embedded Tinybird did not start: the package {_CHDB} is missing; install "
                "requirements.txt, or set TINYBIRD_API_URL and its kin to use a real Tinybird."
            )
        try:
            self._child = process = await child.start(
                self._project, self._data, self._port, *self._arguments
            )
        except OSError as error:
            raise TinybirdUnavailable(
                f"The embedded Tinybird did not start: the system gives it no process ({error})."
            ) from error
        for _ in range(int(_START_SECONDS / _POLL_SECONDS)):
            if (status := process.returncode) is not None:
                reason = _REASONS.get(status, f"its process ended with {status}")
                raise TinybirdUnavailable(f"The embedded Tinybird did not start: {reason}.")
            if await self._find() == self._kept.signing_key:
                return
            await asyncio.sleep(_POLL_SECONDS)
        await child.stop(process)
        raise TinybirdUnavailable(
            f"The embedded Tinybird did not answer within {_START_SECONDS:.0f} seconds."
        )

    async def _keep(self) -> None:
        """Start it again whenever it dies, less and less often while that fails."""
        failures = 0
        while True:
            try:
                await self._gone()
                await asyncio.sleep(_BACKOFF_SECONDS[min(failures, len(_BACKOFF_SECONDS) - 1)])
                if not await self._uses_external():
                    await self._start_child()
            except TinybirdUnavailable as error:
                failures += 1
                _log.warning("%s Trying again.", error)
            except Exception:  # noqa: BLE001 - without this loop there is no Tinybird any more
                failures += 1
                _log.exception("The embedded Tinybird could not be started. Trying again.")
            else:
                failures = 0
                _log.info("Tinybird answers again at %s.", self.url)

    async def _gone(self) -> None:
        """Wait until what answers is gone: our child ended, or the other stays silent."""
        if self._external is None and self._child is not None:
            status = await self._child.wait()
            _log.warning("The embedded Tinybird ended with status %d.", status)
            return
        misses = 0
        while misses < _MISSES:
            await asyncio.sleep(_WATCH_SECONDS)
            misses = 0 if await self._find() else misses + 1

    async def _find(self) -> str | None:
        return await child.find_key(self._client(), self.url)

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            raise TinybirdUnavailable("The embedded Tinybird was not started.")
        return self._http
