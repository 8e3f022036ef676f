"""The catalog: what tables a database has, and how they are declared, compared, altered and dropped."""

from __future__ import annotations

from datamill.catalog.altering import alter
from datamill.catalog.catalog import Catalog
from datamill.catalog.changes import AlterPlan
from datamill.catalog.drift import compare, compare_comments

__all__ = ["AlterPlan", "Catalog", "alter", "compare", "compare_comments"]
