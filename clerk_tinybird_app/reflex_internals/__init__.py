"""All that an upgrade of Reflex can break, and nothing else. Check this list at each upgrade.

What each module needs of Reflex:

- ``namespace``: ``App._event_namespace``, the server's end of the websocket, which is replaced;
  ``EventNamespace._token_manager``, which knows whether a client has come back before its state
  is dropped; ``StateManagerMemory._purge_token``, which drops one client's state;
  ``EventNamespace._build_static_router_data``, what a state knows of its tab's handshake. A
  namespace uses only ``enqueue`` of the event processor. The first event of a page comes in the
  Socket.IO packet that connects it. ``EventContext.txid`` is the id of the event that a task
  handles. ``emit`` puts a packet in its websocket's queue before it waits for anything.
- ``redis_states``: ``App._state_manager`` and ``EventNamespace._token_manager``, which are replaced
  with Redis; ``StateManagerRedis._collect_state_writes``, which makes what is written of a state;
  ``StateManagerRedis._coerce_token``, through which each token of a state goes;
  ``BaseStateToken._state_key``, the name of a part; ``StateManagerRedis._ensure_lock_task`` and
  ``RedisTokenManager._ensure_socket_record_task``, which start listeners that have given up.
  Lifespan tasks begin in their order, the event processor's first: it names the worker, for which
  the listeners then listen.
- ``sealed_redis``: the commands with which Reflex reads and writes what it pickles.
- ``redis_trouble``: the names of Reflex's loggers that tell of Redis.
- ``thin_sockets``: Engine.IO makes its sockets of ``engineio.async_socket.AsyncSocket``, whose
  ``poll`` returns the packets that are sent next; only ``encode`` is called of each.
- ``patches`` and ``patches.jsx``: a page keeps the values of states, and applies what comes over a
  websocket in order, and all of it; it begins a new websocket where the old one has ended.
- ``frames``: the packets that Reflex's page sends, in ``utils/state.js`` of its templates.
- ``handlers``: the registry of event handlers and states; ``BaseState._is_client_storage``, which
  says whether a browser keeps a var; the handlers that Reflex registers for itself.
- ``gate``: ``App.api_transformer`` also wraps Reflex's websocket; the names of Reflex's loggers.
- ``connections``: nothing; it belongs to the gate.
- ``event_loop.jsx``: ``$/utils/context-registry`` and its ``EventLoopContext``; the folder of
  shared assets.
- ``backend_address.jsx``: ``$/env.json``; ``getBackendURL`` of ``utils/state.js``, which asks it
  first.
- ``plain``: ``MutableProxy`` around what a state holds and ``StateProxy`` around it, and their
  ``__wrapped__``.
- ``frontend_build``: the anchors in ``vite.config.js``; those in ``utils/state.js``, where a page
  finds its backend, the version that it tells and the reducer of every state; nothing else in a
  build depends on the time; the ``modulepreload`` of built pages; the tasks of plugins,
  ``pre_compile``, ``update_env_json`` and ``post_build``, and their order; the page that becomes
  the page "not found"; that pages talk over a websocket alone. At an upgrade of Clerk's package:
  the functions that ``LessScript`` names.
- ``dev_server``: the anchors in ``vite.config.js``; ``pre_compile``, and the routes of the pages
  that it is told.
- ``served_app``: ``App.__call__`` makes the ASGI app; the error boundary is wrap 55 of each
  page, with a ``fallback_render``; a page's path is redirected to one with a slash; where the built
  pages are.
- ``shared_assets``: what ``rx.asset`` asks of ``inspect``, and its ``_stack_level``.
- ``as_built``: the command that builds, the folders in ``.web`` that serving needs, and the
  variables with which Reflex serves them and compiles nothing.
- ``configuration``: the environment variables that Reflex reads; the texts of its log; the logger
  ``reflex``, to which its command adds handlers.

``tests/reflex_internals/test_private_names.py`` checks the private names. The other tests in that
folder and the browser tests check the rest.
"""
