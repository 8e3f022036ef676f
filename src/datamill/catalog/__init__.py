"""Tables as the database has them: declare, load, compare, alter; lineage."""
