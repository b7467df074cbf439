"""Joins the lakes of two recorders into one: what either has, and a ledger of what both missed."""

from .lakes import Merged, merge
from .overlap import refuse_overlap

__all__ = ["Merged", "merge", "refuse_overlap"]
