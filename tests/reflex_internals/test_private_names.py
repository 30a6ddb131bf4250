"""The private names of Reflex that the app uses, which an upgrade may remove."""

import inspect
import re

import pytest
from reflex.app import App, EventNamespace
from reflex.istate.manager import redis as manager_redis
from reflex.istate.manager.memory import StateManagerMemory
from reflex.istate.manager.redis import StateManagerRedis
from reflex.istate.manager.token import BaseStateToken
from reflex.state import BaseState, EventHandlerSetVar, State, UpdateVarsInternalState
from reflex.utils import token_manager
from reflex.utils.token_manager import RedisTokenManager
from reflex_base import constants
from reflex_base.environment import environment
from reflex_base.event.context import EventContext

from clerk_tinybird_app import reflex_internals
from clerk_tinybird_app.reflex_internals import as_built
from tests.state.tab import APP

USED = {
    "App._event_namespace": App,
    "App._state_manager": App,
    "StateManagerMemory._purge_token": StateManagerMemory,
    "StateManagerRedis._coerce_token": StateManagerRedis,
    "StateManagerRedis._collect_state_writes": StateManagerRedis,
    "StateManagerRedis._ensure_lock_task": StateManagerRedis,
    "BaseStateToken._state_key": BaseStateToken,
    "RedisTokenManager._ensure_socket_record_task": RedisTokenManager,
    "BaseState._is_client_storage": BaseState,
    "EventContext.txid": EventContext,
    "EventNamespace._build_static_router_data": EventNamespace,
}


@pytest.mark.parametrize("name", USED)
def test_reflex_still_has(name: str) -> None:
    owner, attribute = USED[name], name.partition(".")[2]

    assert hasattr(owner, attribute), f"Reflex no longer has {name}: see reflex_internals"


def test_a_namespace_still_has_its_token_manager() -> None:
    assert hasattr(APP.event_namespace, "_token_manager"), "see reflex_internals"


def test_a_namespace_asks_the_event_processor_for_nothing_but_to_enqueue() -> None:
    asked = re.findall(r"app\.event_processor\.?(\w*)", inspect.getsource(EventNamespace))

    assert set(asked) == {"enqueue"}, "see reflex_internals"


def test_reflex_has_no_other_way_to_redis_than_those_that_are_sealed() -> None:
    of_states, of_sockets = (
        set(re.findall(r"self\.redis\.(\w+)", inspect.getsource(module)))
        for module in (manager_redis, token_manager)
    )

    sealed, of_locks = {"mget", "pipeline", "eval"}, {"set", "get", "getdel", "pexpire", "scard"}
    assert of_states <= {*sealed, *of_locks, "srem", "aclose", "get_connection_kwargs", "pubsub"}
    assert of_sockets <= {
        *("get", "set", "publish", "pubsub"),
        *("exists", "delete", "scan", "aclose", "get_connection_kwargs"),
    }


def test_the_docstring_names_them_all() -> None:
    assert reflex_internals.__doc__
    for name in [*USED, "EventNamespace._token_manager"]:
        assert f"``{name}``" in reflex_internals.__doc__


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        (EventNamespace.on_connect, ["self", "sid", "environ", "auth"]),
        (EventNamespace.on_event, ["self", "sid", "data"]),
        (EventNamespace.on_disconnect, ["self", "sid"]),
        (StateManagerMemory._purge_token, ["self", "token"]),
        (StateManagerRedis._collect_state_writes, ["self", "token", "base_state"]),
        (StateManagerRedis._coerce_token, ["token"]),
        (StateManagerRedis.set_state, ["self", "token", "state", "lock_id", "context"]),
        (BaseStateToken._state_key, ["self", "cls"]),
        (RedisTokenManager.ensure_lost_and_found_task, ["self", "emit_update"]),
        (EventHandlerSetVar.setvar, ["self", "var_name", "value"]),
        (State.event_handlers["hydrate_and_load"].fn, ["self", "vars", "hashes"]),
        (UpdateVarsInternalState.event_handlers["update_vars_internal"].fn, ["self", "vars"]),
    ],
)
def test_what_is_overridden_or_called_takes_the_same_arguments(
    method: object, parameters: list[str]
) -> None:
    assert list(inspect.signature(method).parameters) == parameters  # type: ignore[arg-type]


def test_the_variables_of_a_start_without_a_build_are_reflexs_own() -> None:
    mounts, skips, mode, backend_only = as_built.AS_BUILT

    assert mounts == environment.REFLEX_MOUNT_FRONTEND_COMPILED_APP.name
    assert skips == environment.REFLEX_SKIP_COMPILE.name
    assert mode == environment.REFLEX_ENV_MODE.name
    assert backend_only == environment.REFLEX_BACKEND_ONLY.name
    assert environment.REFLEX_WEB_WORKDIR.name == as_built.WEB_VARIABLE


def test_reflex_still_builds_where_it_is_looked_for() -> None:
    assert as_built.WEB == constants.Dirs.WEB
    assert set(as_built.SERVED) == {constants.Dirs.BACKEND, constants.Dirs.BUILD_DIR}
