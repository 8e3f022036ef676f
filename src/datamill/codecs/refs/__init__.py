"""References: what fetching gives for an object in a store. Making one does no I/O."""
