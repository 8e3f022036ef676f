"""Rows in and out: connection, insert, update, delete, drop, fetch, formats, preview."""
