"""Everything that an upgrade of Reflex can break, and nothing else: check this list at each one.

What each module rests on:

- ``namespace``: ``App._event_namespace``, Reflex's end of the websocket, to put another in its
  place; ``EventNamespace._token_manager``, which knows whether a client is back by the time its
  state is dropped; ``StateManagerMemory._purge_token``, which drops one client's state. Of the
  event processor a namespace asks nothing but ``enqueue``. The first event of a page rides in the
  Socket.IO packet that connects it.
- ``frames``: the packets that Reflex's page sends, in ``utils/state.js`` of its templates.
- ``handlers``: the registry of event handlers and states; ``BaseState._is_client_storage``, which
  says whether a browser keeps a var; the handlers that Reflex registers for itself.
- ``gate``: ``App.api_transformer`` wraps Reflex's websocket, too; the names of its loggers.
- ``connections``: nothing; it is the gate's.
- ``event_loop.jsx``: ``$/utils/context-registry`` and its ``EventLoopContext``; where an asset that
  is shared is put.
- ``frontend_build``: the anchors in ``vite.config.js``; the ``modulepreload`` of built pages; the
  tasks of plugins, ``pre_compile`` and ``post_build``, and their order.
- ``page_functions``: ``FunctionStringVar`` and ``VarData``, to import a function into a page.
- ``served_app``: ``App.__call__`` makes the ASGI app; the error boundary is wrap 55 of each page; a
  page's path is redirected to one with a slash; where the built pages are.
- ``configuration``: the environment variables that Reflex reads; the texts of its log.

The private names are held by ``tests/reflex_internals/test_private_names.py``, the rest by the
other tests in that folder and by those of the browser.
"""
