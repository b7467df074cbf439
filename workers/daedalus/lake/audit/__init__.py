"""Proves what of a lake is complete: files against their checksums, each stream's rows against the ledger."""

from .lake_audit import audit, expected_bytes
from .question import Question, UnknownNameError
from .report import Finding, Report, StreamDay, Total, Verdict

__all__ = [
    "Finding",
    "Question",
    "Report",
    "StreamDay",
    "Total",
    "UnknownNameError",
    "Verdict",
    "audit",
    "expected_bytes",
]
