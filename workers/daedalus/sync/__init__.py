"""Brings tables (and raw) to the lake, proves that they arrived, and keeps the disk within its budget."""

from .dry_run import DryRun, DryRunRow, dry_run, render_plan
from .errors import SourceGoneError, StoppedError, TargetError, TargetErrorKind
from .open_target import open_target
from .plan import Upload, plan_uploads
from .retention import Budget, RetentionReport, apply_retention
from .settings import SyncSettings
from .target import Outcome, Receipt, Target
from .worker import WORKER, SyncReport, run_sync, sync_once

__all__ = [
    "WORKER",
    "Budget",
    "DryRun",
    "DryRunRow",
    "Outcome",
    "Receipt",
    "RetentionReport",
    "SourceGoneError",
    "StoppedError",
    "SyncReport",
    "SyncSettings",
    "Target",
    "TargetError",
    "TargetErrorKind",
    "Upload",
    "apply_retention",
    "dry_run",
    "open_target",
    "plan_uploads",
    "render_plan",
    "run_sync",
    "sync_once",
]
