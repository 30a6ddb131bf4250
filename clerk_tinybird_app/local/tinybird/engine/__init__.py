"""chDB: its sessions, the pool of readers, the one writer."""
