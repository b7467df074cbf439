"""Brings tables (and raw) to the lake, proves that they arrived, and keeps the disk within its budget."""

from .dry_run import dry_run, render_plan
from .settings import SyncSettings
from .worker import SyncReport, run_sync, sync_once

__all__ = ["SyncReport", "SyncSettings", "dry_run", "render_plan", "run_sync", "sync_once"]
