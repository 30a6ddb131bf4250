"""The embedded stand-ins that let the app run with no account; loopback only."""
