"""What users import. Facade only: each body delegates to the layers below."""
