"""The embedded Tinybird: its HTTP API on chDB, in a process of its own.

Nothing here imports chDB: the app's process must not, since forking after its import hangs.
"""

from clerk_tinybird_app.local.tinybird.process.embedded import EmbeddedTinybird, TinybirdUnavailable

__all__ = ["EmbeddedTinybird", "TinybirdUnavailable"]
