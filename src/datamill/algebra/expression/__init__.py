"""The portable expression language: text parsed, resolved against a heading, and typed."""
