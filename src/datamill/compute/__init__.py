"""Computation: the make context, key source, populate."""

from datamill.compute.context import MakeContext
from datamill.compute.populate import populate, progress
from datamill.compute.result import PopulateResult
from datamill.compute.target import Target

__all__ = ["MakeContext", "PopulateResult", "Target", "populate", "progress"]
