"""JSON as Clerk's browser SDK reads it (``packages/shared/src/types/json.ts`` of its source)."""
