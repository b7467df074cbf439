"""The machine: memory limits, swap, page size, userland and power supply."""

from __future__ import annotations

from ..health import machine
from ..health.finding import Finding, bad, ok, warn
from ..host import Power, Swap, Throttling
from ..units import bytes_text

__all__ = ["memory_cgroup", "page_size", "power", "swap", "userland"]

GIB = 1 << 30
SMALL_MEMORY, LEAST_SWAP = 4 * GIB, GIB


def memory_cgroup(controllers: frozenset[str] | None, command_line: str) -> Finding:
    """Whether the kernel can limit a unit's memory at all."""
    check = "memory control group"
    if controllers is not None and "memory" in controllers:
        return ok(check, "the kernel limits memory per unit")
    if controllers is None:
        return warn(
            check,
            "control groups version 2 are not mounted, so no memory limit of systemd holds",
            "On a Pi use Raspberry Pi OS bookworm or newer; elsewhere boot with "
            "systemd.unified_cgroup_hierarchy=1.",
        )
    why = " (it was booted with cgroup_disable=memory)" if "cgroup_disable=memory" in command_line else ""
    return bad(
        check,
        f"the kernel has no memory controller{why}: systemd ignores MemoryMax in silence",
        "Append cgroup_enable=memory to the one line of /boot/firmware/cmdline.txt and reboot.",
    )


def swap(swaps: tuple[Swap, ...] | None, memory_total: int | None) -> Finding:
    """Whether there is swap, and how much of it is in use."""
    check = "swap"
    if swaps is None:
        return ok(check, "this system does not tell")
    size, used = sum(each.size for each in swaps), sum(each.used for each in swaps)
    if size < LEAST_SWAP and (memory_total is None or memory_total <= SMALL_MEMORY * 11 // 10):
        return warn(
            check,
            f"{bytes_text(size)} of swap: a peak of memory ends a worker at once",
            "Give it 2 GB: the role swap does; by hand, see docs/troubleshooting.md.",
        )
    if size and used > size * 3 // 4:
        return warn(
            check,
            f"{bytes_text(used)} of {bytes_text(size)} are in use",
            "Memory is short: record fewer symbols, or see which worker holds it in daedalus status.",
        )
    return ok(check, f"{bytes_text(size)}, {bytes_text(used)} in use")


def page_size(size: int) -> Finding:
    """Whether packages that were built for pages of 4 kB run."""
    check = "page size"
    if size <= 4096:
        return ok(check, f"{size} bytes")
    return warn(
        check,
        f"{size} bytes: some compiled packages fail, with 'unsupported system page size'",
        "On a Pi 5 write kernel=kernel8.img into /boot/firmware/config.txt and reboot.",
    )


def userland(pointer_bits: int, machine: str) -> Finding:
    """Whether programs are 64-bit; the kernel alone does not tell."""
    check = "64-bit userland"
    if pointer_bits == 64:
        return ok(check, f"64 bits on {machine}")
    return bad(
        check,
        f"programs have {pointer_bits} bits, whatever the kernel ({machine}) says",
        "Install the 64-bit Raspberry Pi OS: for 32 bits there are no packages of pyarrow.",
    )


def power(state: Power | None) -> Finding:
    """Whether the supply was sufficient, now and since boot."""
    check = "power supply"
    if state is None:
        return ok(check, "this board does not tell")
    if state.now:
        return bad(check, f"right now: {_words(state.now)}", _remedy(state.now))
    if state.since_boot:
        return warn(check, f"since boot there was: {_words(state.since_boot)}", _remedy(state.since_boot))
    return ok(check, "no undervoltage, no throttling")


def _words(state: Throttling) -> str:
    names = (
        (state.undervoltage, "undervoltage"),
        (state.capped, "a capped clock"),
        (state.throttled, "throttling"),
        (state.hot, "the soft limit of heat"),
    )
    return ", ".join(name for true, name in names if true)


def _remedy(state: Throttling) -> str:
    return (machine.undervoltage() if state.undervoltage else machine.throttled()).remedy
