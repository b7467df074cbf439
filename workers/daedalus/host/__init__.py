"""What the machine says about itself: plain reads of /proc, /sys and /run, without privileges or commands.

Two things take more: whether a directory is writable is tried out, and the kernel's log is read by a command.
Functions take the ``root`` below which these directories lie, so that tests can make up a machine. What is
missing or not readable is None; no reading raises.
"""

from .board import Power, Throttling, read_model, read_power, read_temperature
from .cgroup import CgroupMemory, controllers, own_cgroup, read_memory
from .clock import Clock, read_clock
from .kernel import (
    Mount,
    Swap,
    boot_id,
    device_of,
    mount_of,
    read_memory_total,
    read_mounts,
    read_oom_kills,
    read_swapped,
    read_swaps,
    unmounted_above,
)
from .kernel_log import KernelLines, dying_disk_lines, read_kernel_log
from .writing import WriteTrouble, Writing, try_writing

__all__ = [
    "CgroupMemory",
    "Clock",
    "KernelLines",
    "Mount",
    "Power",
    "Swap",
    "Throttling",
    "WriteTrouble",
    "Writing",
    "boot_id",
    "controllers",
    "device_of",
    "dying_disk_lines",
    "mount_of",
    "own_cgroup",
    "read_clock",
    "read_kernel_log",
    "read_memory",
    "read_memory_total",
    "read_model",
    "read_mounts",
    "read_oom_kills",
    "read_power",
    "read_swapped",
    "read_swaps",
    "read_temperature",
    "try_writing",
    "unmounted_above",
]
