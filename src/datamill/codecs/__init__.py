"""Codecs: how Python values become values a column can hold, and back."""
