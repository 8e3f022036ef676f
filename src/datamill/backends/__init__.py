"""One module per database: connect, execute, stream, bulk load, introspect, map errors. Only here are drivers used."""
