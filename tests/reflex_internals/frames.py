"""Frames that a page sends, and frames that no page sends."""

import json
from collections.abc import Mapping
from typing import Any

NAMESPACE = "/_event"
HYDRATE = "reflex___state____state.hydrate_and_load"
STATES = "reflex___state____state.clerk_tinybird_app___state___"
REFRESH = f"{STATES}dashboard____dashboard_state.refresh"
CHOOSE_CUSTOM = f"{STATES}dashboard____dashboard_state.choose_custom"
RUN = f"{STATES}playground____playground_state.run"
CHOOSE = f"{STATES}playground____playground_state.choose"
OPEN_REQUEST = f"{STATES}playground____playground_state.open_request"
SYNC = f"{STATES}session____session_state.sync"
SET_HYDRATED = "reflex___state____state.reflex___state____on_load_internal_state.set_is_hydrated"
UPDATE_VARS = (
    "reflex___state____state.reflex___state____update_vars_internal_state.update_vars_internal"
)
PAGE_ERROR = (
    "reflex___state____state.reflex___state____frontend_event_exception_state."
    "handle_frontend_exception"
)
VIEW = {"number": 1, "path": "/dashboard", "search": "?range=7d", "zone": "Europe/Berlin"}


def fields(name: str, payload: Any = None, **others: Any) -> dict[str, Any]:
    """Return an event as the page makes it."""
    router_data = {"pathname": "/", "asPath": "/"}
    return {
        "name": name,
        "payload": {} if payload is None else payload,
        "handler": None,
        "event_actions": {},
        "router_data": router_data,
        **others,
    }


def message(*words: Any) -> str:
    """Return the frame for a Socket.IO message."""
    return f"42{NAMESPACE},{json.dumps(words)}"


def event(name: str, payload: Any = None, **others: Any) -> str:
    """Return the frame for an event."""
    return message("event", fields(name, payload, **others))


def connect(auth: Any = None) -> str:
    """Return the frame that connects."""
    return f"40{NAMESPACE}," + ("" if auth is None else json.dumps(auth))


FORM = {"__reflex_form_data__": [["start", "2026-01-01T00:00"], ["end", ""]]}

GOOD_FIRST: Mapping[str, str] = {
    "nothing rides along": connect(),
    "the first event rides along": connect({"event": fields(HYDRATE), "state_schema": "5f2e"}),
    "with the states it was built for": connect({"event": fields(HYDRATE, {"hashes": ["a", "b"]})}),
}

GOOD: Mapping[str, str] = {
    "an event": event(CHOOSE, {"pipe": "queues"}),
    "one without arguments": event(f"{STATES}playground____playground_state.stop"),
    "one without a payload": message(
        "event", {"name": f"{STATES}playground____playground_state.stop", "router_data": {}}
    ),
    "one of several types": event(REFRESH, VIEW),
    "a form": event(CHOOSE_CUSTOM, {"form": FORM}),
    "a form as an object": event(RUN, {"form": {"route": "/a", "limit": "10"}}),
    "on a route with a gap": event(
        CHOOSE,
        {"pipe": "x"},
        router_data={"pathname": "/x", "asPath": "/x?a=%25", "query": {"a": "%", "splat": None}},
    ),
    "at an address that is not found": event(
        CHOOSE,
        {"pipe": "x"},
        router_data={"pathname": "/a/b", "asPath": "/a/b", "query": {"splat": ["a", "b"]}},
    ),
    "Reflex's own": event(SET_HYDRATED, {"value": True}),
    "storage that the browser does not have": event(UPDATE_VARS, {"vars": {}}),
    "an error of the page": event(PAGE_ERROR, {"info": "boom\n  at x", "component_stack": "\n"}),
    "an error before any state": message("client_error", {"message": "m", "error_type": "t"}),
    "a question whether it lives": message("ping"),
    "a traced event": event(CHOOSE, {"pipe": "x"}, traceparent="00-ab-cd-01"),
    "an answer to the server's ping": "3",
    "a goodbye of the namespace": f"41{NAMESPACE},",
    "a goodbye of the transport": "1",
}

_DEEP = "[" * 900 + "]" * 900


def _raw(payload: str) -> str:
    """Return an event with exactly this text as its payload, also if it is no JSON."""
    return f'42{NAMESPACE},["event",{{"name":"{CHOOSE}","router_data":{{}},"payload":{payload}}}]'


BAD: Mapping[str, str | bytes] = {
    # Engine.IO
    "an empty frame": "",
    "bytes": b"\x04hello",
    "bytes that are a frame": event(CHOOSE, {"pipe": "x"}).encode(),
    "an unknown kind of packet": "9",
    "no number": "hello",
    "base64 of nothing": "b!!!!",
    "an upgrade": "5",
    "the server's own opening": '0{"sid":"x"}',
    "a ping with a payload": "2probe",
    "a lone surrogate's escape": "\\ud800",
    # Socket.IO
    "a second connection": connect(),
    "a second connection with an event": connect({"event": fields(HYDRATE)}),
    "another namespace": '42/other,["event",{}]',
    "no namespace": "42" + json.dumps(["event", fields(CHOOSE, {"pipe": "x"})]),
    "a connection to another namespace": "40/admin,",
    "an acknowledgement": f"43{NAMESPACE},1[]",
    "an error of a connection": f'44{NAMESPACE},{{"message":"x"}}',
    "a binary event": f'451-{NAMESPACE},["event",{{"_placeholder":true,"num":0}}]',
    "a binary acknowledgement": f"461-{NAMESPACE},1[]",
    "an unknown packet": f"49{NAMESPACE},[]",
    "a packet that asks for an answer": f'42{NAMESPACE},7["ping"]',
    "an endless packet id": f"42{NAMESPACE},{'7' * 200}[]",
    "a goodbye with more": f'41{NAMESPACE},["ping"]',
    # Messages
    "no message": f"42{NAMESPACE},",
    "half a message": f'42{NAMESPACE},["event"',
    "a message after a message": message("ping") + "[]",
    "an empty list": message(),
    "an object": f"42{NAMESPACE},{{}}",
    "a name that is no text": message(5),
    "another method": message("connect", {}),
    "a private method": message("_token_manager"),
    "a method of the namespace": message("disconnect"),
    "too few words": message("event"),
    "too many words": message("event", fields(CHOOSE, {"pipe": "x"}), 1),
    "a ping with more": message("ping", 1),
    "an error that is no object": message("client_error", "x"),
    "an error with an object in it": message("client_error", {"message": {}}),
    # Events
    "an event that is text": message("event", json.dumps(fields(CHOOSE, {"pipe": "x"}))),
    "an event that is a list": message("event", []),
    "an event without a name": message("event", {"payload": {}, "router_data": {}}),
    "a name that is a number": event(5),  # type: ignore[arg-type]
    "a name that is a list": event([]),  # type: ignore[arg-type]
    "no handler": event("no.such.handler"),
    "a handler's state alone": event(STATES + "session____session_state"),
    "a private method of a state": event(STATES + "session____session_state._empty"),
    "no payload where one is needed": message("event", {"name": CHOOSE, "router_data": {}}),
    "a payload that is null": message("event", fields(CHOOSE, payload=None) | {"payload": None}),
    "a payload that is a list": event(CHOOSE, []),
    "no address": message("event", {"name": CHOOSE, "payload": {"pipe": "x"}}),
    "an address that is a list": event(CHOOSE, {"pipe": "x"}, router_data=[]),
    "an address with more": event(CHOOSE, {"pipe": "x"}, router_data={"headers": {}}),
    "a path that is an object": event(CHOOSE, {"pipe": "x"}, router_data={"pathname": {}}),
    "a query that is a list": event(CHOOSE, {"pipe": "x"}, router_data={"query": []}),
    "an endless address": event(CHOOSE, {"pipe": "x"}, router_data={"asPath": "/" * 17_000}),
    "an endless query": event(
        CHOOSE, {"pipe": "x"}, router_data={"query": {str(n): "x" * 99 for n in range(199)}}
    ),
    "an endless list in a query": event(
        CHOOSE, {"pipe": "x"}, router_data={"query": {"splat": [""] * 9_000}}
    ),
    "a query of numbers": event(CHOOSE, {"pipe": "x"}, router_data={"query": {"a": [1]}}),
    # Arguments
    "an argument missing": event(CHOOSE),
    "an argument more": event(CHOOSE, {"pipe": "x", "self": "y"}),
    "an argument of another type": event(CHOOSE, {"pipe": 5}),
    "text for a number": event(REFRESH, VIEW | {"number": "x" * 60_000}),
    "an object for a number": event(REFRESH, VIEW | {"number": {"a": 1}}),
    "a truth for a number": event(REFRESH, VIEW | {"number": True}),
    "an endless number": _raw('{"pipe":' + "9" * 5_000 + "}"),
    "a number beyond JavaScript's": event(REFRESH, VIEW | {"number": 2**53}),
    "a number beyond all": _raw('{"pipe":1e999}'),
    "no number at all": _raw('{"pipe":NaN}'),
    "half a surrogate pair": _raw('{"pipe":"\\ud800"}'),
    "a control character as it is": _raw('{"pipe":"\x00"}'),
    "an endless text": event(CHOOSE, {"pipe": "x" * 20_000}),
    "an endless name": event(CHOOSE, {"x" * 20_000: "x"}),
    "an endless name in an argument": event(RUN, {"form": {"x" * 20_000: "x"}}),
    "a deep argument": event(RUN, {"form": {"a": json.loads("[" * 50 + "]" * 50)}}),
    "a deep payload": _raw('{"pipe":' + _DEEP + "}"),
    "a bottomless payload": _raw('{"pipe":' + "[" * 30_000 + "]" * 30_000 + "}"),
    "an endless frame": event(CHOOSE, {"pipe": "x" * 70_000}),
    "a form that is text": event(RUN, {"form": "x"}),
    "a form of numbers": event(RUN, {"form": {"__reflex_form_data__": [1, 2]}}),
    "a form of triples": event(RUN, {"form": {"__reflex_form_data__": [["a", "b", "c"]]}}),
    "a form with more": event(RUN, {"form": FORM | {"x": 1}}),
    "a form with a name that is a list": event(
        RUN, {"form": {"__reflex_form_data__": [[[], "b"]]}}
    ),
    # Reflex's own handlers
    "a setter that is not there": event(
        f"{STATES}session____session_state.setvar", {"var_name": "user_id", "value": "x"}
    ),
    "a setter of a private var": event(
        f"{STATES}session____session_state.setvar", {"var_name": "_session", "value": {}}
    ),
    "storage of an unknown state": event(UPDATE_VARS, {"vars": {"no.such.state.x": "y"}}),
    "storage of a var that is not stored": event(
        UPDATE_VARS, {"vars": {f"{STATES}session____session_state.user_id": "x"}}
    ),
    "storage at the start": event(HYDRATE, {"vars": {"nowhere.x": "y"}}),
    "storage that is a list": event(UPDATE_VARS, {"vars": []}),
}

BAD_FIRST: Mapping[str, str | bytes] = {
    "an event before a connection": event(CHOOSE, {"pipe": "x"}),
    "a goodbye before a connection": f"41{NAMESPACE},",
    "half a connection": f'40{NAMESPACE},{{"event"',
    "a connection with a text": connect("x"),
    "a connection with a list": connect([]),
    "a connection with more": connect({"token": "x"}),
    "a connection with an event that is text": connect({"event": "x"}),
    "a connection with an unknown event": connect({"event": fields("no.such.handler")}),
    "a connection with an unfit event": connect({"event": fields(CHOOSE, {"pipe": 5})}),
    "a connection with a schema that is an object": connect({"state_schema": {}}),
    "a connection elsewhere": "40/admin,",
}
