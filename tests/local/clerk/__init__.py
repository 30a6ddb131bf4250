"""Tests of the embedded Clerk, over HTTP against the real ASGI app."""
