"""What the machine says of itself: plain reads of /proc, /sys and /run, no privileges, no commands.
The one thing that is tried and not read is whether a directory takes a write.

Every function takes the ``root`` below which these lie, so that a made-up machine can be read as well.
What is not there, or not for us to read, is None: no reading ever fails.
"""

from .board import Power, Throttling, read_model, read_power, read_temperature
from .cgroup import CgroupMemory, controllers, own_cgroup, read_memory
from .clock import Clock, read_clock
from .kernel import (
    Mount,
    Swap,
    device_of,
    mount_of,
    read_memory_total,
    read_mounts,
    read_oom_kills,
    read_swapped,
    read_swaps,
    unmounted_above,
)
from .kernel_log import KernelLines, of_dying_disks, read_kernel_log
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
    "controllers",
    "device_of",
    "mount_of",
    "of_dying_disks",
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
