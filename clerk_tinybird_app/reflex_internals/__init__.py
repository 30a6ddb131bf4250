"""Everything that an upgrade of Reflex can break."""
