"""Brings tables (and raw) to the lake, proves that they arrived, and keeps the disk within its budget."""

from .dry_run import DryRun, DryRunRow, dry_run, render_plan
from .plan import Upload, plan_uploads
from .retention import Budget, RetentionReport, apply_retention
from .settings import SyncSettings
from .worker import WORKER, SyncReport, run_sync, sync_once

__all__ = [
    "WORKER",
    "Budget",
    "DryRun",
    "DryRunRow",
    "RetentionReport",
    "SyncReport",
    "SyncSettings",
    "Upload",
    "apply_retention",
    "dry_run",
    "plan_uploads",
    "render_plan",
    "run_sync",
    "sync_once",
]
