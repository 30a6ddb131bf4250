"""Sign in with Clerk, get a Tinybird token for your own tenant, see your data live."""

__version__ = "0.1.0"
