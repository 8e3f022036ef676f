"""The catalog: what tables a database has, and how they are declared, compared, altered and dropped."""

from __future__ import annotations

from datamill.catalog.altering import alter
from datamill.catalog.catalog import Catalog
from datamill.catalog.changes import AlterPlan
from datamill.catalog.drift import adopted, compare, compare_comments

__all__ = ["AlterPlan", "Catalog", "adopted", "alter", "compare", "compare_comments"]
