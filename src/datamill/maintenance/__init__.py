"""Looking after databases: copying them, checking them, moving old ones on."""
