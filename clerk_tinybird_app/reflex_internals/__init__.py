"""Everything that an upgrade of Reflex can break, and nothing else.

Private names that are used here, each held by ``tests/reflex_internals/test_private_names.py``:

- ``App._event_namespace``: Reflex's end of the websocket, to put another in its place.
- ``EventNamespace._token_manager``: whether a client is back by the time its state is dropped.
- ``EventProcessor._futures``: the futures of the events under way, in their order.
- ``StateManagerMemory._purge_token``: drops one client's state.
- ``BaseState._is_client_storage``: whether a browser keeps a var.

Relied on, too: the first event of a page rides in the Socket.IO packet that connects it; what a
page sends stands in ``utils/state.js`` of Reflex's templates.
"""
