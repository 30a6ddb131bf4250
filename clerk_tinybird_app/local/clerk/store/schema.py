"""The tables, and which version of them this code reads."""

from typing import Final

__all__ = ["SCHEMA", "VERSION"]

VERSION: Final = 1
"""Kept in ``PRAGMA user_version``."""

SCHEMA: Final = """
CREATE TABLE users (
  id TEXT PRIMARY KEY,
  email_id TEXT NOT NULL UNIQUE,
  email TEXT NOT NULL UNIQUE CHECK (email = lower(email)),
  password_hash TEXT NOT NULL,
  first_name TEXT,
  last_name TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  last_sign_in_at INTEGER
) STRICT;

CREATE TABLE organizations (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  slug TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE memberships (
  id TEXT PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organizations ON DELETE CASCADE,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  role TEXT NOT NULL CHECK (role IN ('org:admin', 'org:member')),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (organization_id, user_id)
) STRICT;
CREATE INDEX memberships_of_user ON memberships (user_id);

CREATE TABLE clients (
  id TEXT PRIMARY KEY,
  token_hash TEXT NOT NULL UNIQUE,
  sign_in_id TEXT,
  sign_up_id TEXT,
  last_active_session_id TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  client_id TEXT NOT NULL REFERENCES clients ON DELETE CASCADE,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  status TEXT NOT NULL CHECK (status IN ('active', 'ended', 'removed', 'revoked')),
  organization_id TEXT REFERENCES organizations ON DELETE SET NULL,
  created_at INTEGER NOT NULL,
  last_active_at INTEGER NOT NULL,
  expire_at INTEGER NOT NULL,
  user_agent TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_of_client ON sessions (client_id);
CREATE INDEX sessions_of_user ON sessions (user_id);

-- No session stays in an organization that its user has left.
CREATE TRIGGER membership_ended AFTER DELETE ON memberships BEGIN
  UPDATE sessions SET organization_id = NULL
  WHERE user_id = OLD.user_id AND organization_id = OLD.organization_id;
END;

CREATE TABLE sign_ins (
  id TEXT PRIMARY KEY,
  client_id TEXT NOT NULL REFERENCES clients ON DELETE CASCADE,
  user_id TEXT REFERENCES users ON DELETE CASCADE,
  identifier TEXT,
  strategy TEXT,
  session_id TEXT,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sign_ups (
  id TEXT PRIMARY KEY,
  client_id TEXT NOT NULL REFERENCES clients ON DELETE CASCADE,
  email TEXT,
  password_hash TEXT,
  first_name TEXT,
  last_name TEXT,
  prepared INTEGER NOT NULL DEFAULT 0,
  verified INTEGER NOT NULL DEFAULT 0,
  user_id TEXT,
  session_id TEXT,
  created_at INTEGER NOT NULL
) STRICT;
"""
