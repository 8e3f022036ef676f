"""Immutable query nodes, conditions, matching rules and the propagation of restrictions. No SQL, no I/O."""
