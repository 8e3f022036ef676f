"""The rules by which values become canonical, one module per group of types; `datamill.model.convert` uses them."""
