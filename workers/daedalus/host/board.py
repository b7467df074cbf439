"""The temperature and the power supply of the board. A weak supply makes a Raspberry Pi corrupt its card.

The firmware's flags come from a file of the kernel that everyone may read; `vcgencmd` reads the same flags
through a device that sandboxed units do not have. Without the flags, the voltage alarm of the hwmon driver is
used. Source: raspberrypi.com/documentation, vcgencmd get_throttled.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from .reading import text_of, whole_number

__all__ = ["Power", "Throttling", "read_model", "read_power", "read_temperature"]

FLAGS = "sys/devices/platform/soc/soc:firmware/get_throttled"
SINCE_BOOT = 16
"""Since-boot flags are the current flags shifted left by this many bits."""


class Throttling(Struct, frozen=True, kw_only=True):
    """What slows the processor: undervoltage, a capped frequency, heat."""

    undervoltage: bool = False
    capped: bool = False
    throttled: bool = False
    hot: bool = False

    def __bool__(self) -> bool:
        return self.undervoltage or self.capped or self.throttled or self.hot


class Power(Struct, frozen=True, kw_only=True):
    """The flags ``now``, and of any moment since boot (None if unknown)."""

    now: Throttling
    since_boot: Throttling | None = None


def read_model(root: Path) -> str | None:
    """The board's name from its device tree: ``Raspberry Pi 4 Model B Rev 1.4``; None on a PC."""
    return text_of(root / "proc/device-tree/model") or text_of(root / "sys/firmware/devicetree/base/model")


def read_temperature(root: Path) -> float | None:
    """The hottest zone in degrees Celsius."""
    found = [whole_number(zone / "temp") for zone in (root / "sys/class/thermal").glob("thermal_zone*")]
    known = [number / 1000 for number in found if number is not None]
    return max(known, default=None)


def read_power(root: Path) -> Power | None:
    """What the firmware says about voltage and frequency; None on boards without such flags."""
    flags = whole_number(root / FLAGS, 16)
    if flags is not None:
        return Power(now=_flags(flags), since_boot=_flags(flags >> SINCE_BOOT))
    for monitor in (root / "sys/class/hwmon").glob("hwmon*"):
        if text_of(monitor / "name") == "rpi_volt":
            alarm = whole_number(monitor / "in0_lcrit_alarm")
            return None if alarm is None else Power(now=Throttling(undervoltage=alarm != 0))
    return None


def _flags(bits: int) -> Throttling:
    return Throttling(
        undervoltage=bool(bits & 1), capped=bool(bits & 2), throttled=bool(bits & 4), hot=bool(bits & 8)
    )
