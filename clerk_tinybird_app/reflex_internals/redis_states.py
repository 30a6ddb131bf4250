"""Keeps the states of tabs in Redis: sealed, as long as their sessions, and under other names."""

import asyncio
import urllib.parse
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, cast

from redis.exceptions import RedisError
from reflex.app import App, EventNamespace
from reflex.istate.manager.redis import StateManagerRedis
from reflex.istate.manager.token import BaseStateToken, StateToken
from reflex.state import BaseState, State
from reflex.utils.token_manager import RedisTokenManager
from reflex_base.config import get_config

from clerk_tinybird_app.reflex_internals.redis_trouble import RedisTrouble
from clerk_tinybird_app.reflex_internals.sealed_redis import SealedSockets, SealedStates
from clerk_tinybird_app.sealing import Sealer

SPARE_SECONDS: Final = 120
"""How long a state is kept after its session has ended; that of a tab without one has no more.

Any open tab, also one that nobody looks at, is heard of twice in that time.
"""

_KEEP: Final = "for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, ARGV[1]) end"

WATCH_SECONDS: Final = 5.0
"""How often it is looked whether all listeners still listen."""

LET_GO_SECONDS: Final = 1.0
"""How long a process that ends tries to delete the records of its websockets."""


class SealedStateManager(StateManagerRedis):
    """Reflex's manager of states in Redis, which seals them and keeps all parts of one alike.

    Args:
        redis: Opens what it reads.
        session_seconds: Returns how long the session of a tab still holds, 0 without one. It gets
            the root of the tab's states.
    """

    redis: SealedStates

    def __init__(self, redis: SealedStates, session_seconds: Callable[[State], float]) -> None:
        config = get_config()
        super().__init__(
            redis=redis,
            token_expiration=config.redis_token_expiration,
            lock_expiration=config.redis_lock_expiration,
            lock_warning_threshold=config.redis_lock_warning_threshold,
        )
        self._session_seconds = session_seconds

    def _coerce_token(self, token: StateToken[Any] | str) -> BaseStateToken:  # type: ignore[override]
        """Refuse what is no state of a tab: Reflex would unpickle it as it is."""
        coerced = super()._coerce_token(token)
        if not isinstance(coerced, BaseStateToken):
            raise TypeError("only the states of tabs are sealed")
        return coerced

    def _collect_state_writes(
        self, token: BaseStateToken, base_state: BaseState
    ) -> list[tuple[str, bytes]]:
        writes = super()._collect_state_writes(token, base_state)
        return [(key, self.redis.sealer.seal(key, value)) for key, value in writes]

    async def set_state(self, token: StateToken[Any] | str, state: Any, **context: Any) -> None:
        """Keep a state, and all of its parts for as long: Reflex forgets those that it leaves."""
        token = self._coerce_token(token)
        await super().set_state(token, state, **context)
        seconds = SPARE_SECONDS + max(0, int(self._session_seconds(state)))
        keys = _keys(token)
        # Typed as if it were no coroutine, because one class serves both of Redis' clients.
        await cast("Awaitable[None]", self.redis.eval(_KEEP, len(keys), *keys, str(seconds)))

    async def forget(self, client_token: str) -> None:
        """Delete the state of a tab."""
        await self.redis.delete(*_keys(BaseStateToken(ident=client_token, cls=State)))


def _keys(token: BaseStateToken) -> list[str]:
    """Return where all parts of a tab's state lie."""
    keys: list[str] = []
    classes: list[type[BaseState]] = [State]
    while classes:
        each = classes.pop()
        keys.append(token._state_key(each))
        classes += each.get_substates()
    return keys


class SealedTokenManager(RedisTokenManager):
    """Reflex's manager of the records of websockets, which lets go of all in one step.

    Reflex would ask Redis for one after the other. With a Redis that hangs no stop would end.
    """

    async def disconnect_all(self) -> None:
        """Forget all websockets of this process, and let other processes know."""
        of_this = self.instance_id
        records = [
            self._get_redis_key(token)
            for token, record in self.token_to_socket.items()
            if record.instance_id == of_this
        ]
        self.token_to_socket.clear()
        self.sid_to_token.clear()
        if records:
            # What stays there goes by itself in time.
            with suppress(RedisError, TimeoutError):
                async with asyncio.timeout(LET_GO_SECONDS):
                    await self.redis.delete(*records)


class StatesInRedis:
    """What an app with Redis has in the place of Reflex's own.

    Args:
        sealer: Seals states, records and messages.
        session_seconds: As for ``SealedStateManager``.

    Attributes:
        manager: The manager of states.
        tokens: The records of websockets.
        trouble: Tells of failures of Redis.
    """

    def __init__(self, sealer: Sealer, session_seconds: Callable[[State], float]) -> None:
        # Abstract to mypy at times, because of how Reflex declares its overloads.
        made: Any = SealedStateManager
        self.manager: SealedStateManager = made(SealedStates(sealer), session_seconds)
        self.tokens = SealedTokenManager(SealedSockets(sealer))
        self.trouble = RedisTrouble()
        self._sealer = sealer
        self._namespace: EventNamespace | None = None

    def hidden(self, query: str) -> str:
        """Return a websocket's query with what stands for its client token in Redis.

        So a name in Redis is nothing that a client can bring.
        """
        (token,) = urllib.parse.parse_qs(query)["token"]
        return urllib.parse.urlencode({"token": self._sealer.digest("tab", token.encode())})

    def serve(self, app: App, namespace: EventNamespace) -> None:
        """Take the place of Reflex's own in an app and in its end of the websockets."""
        app._state_manager = self.manager
        namespace._token_manager = self.tokens
        self._namespace = namespace
        self.trouble.hear()

    async def watch(self) -> None:
        """Start again whatever has given up listening, until it is cancelled."""
        while self._namespace:
            for listening in ("_socket_record_task", "_lost_and_found_task"):
                self.trouble.take(getattr(self.tokens, listening))
            self.trouble.take(self.manager._lock_task)
            self.tokens._ensure_socket_record_task()
            self.tokens.ensure_lost_and_found_task(self._namespace.emit_update)
            self.manager._ensure_lock_task()
            self.trouble.sum_up()
            await asyncio.sleep(WATCH_SECONDS)

    async def forget(self, client_token: str) -> None:
        """Delete the state of a tab, if Redis is there."""
        try:
            await self.manager.forget(client_token)
        except RedisError as error:
            self.trouble.note(error)
