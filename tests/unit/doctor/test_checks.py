"""Each check as a table: what was read, and what the doctor makes of it."""

from __future__ import annotations

import pytest

from daedalus.doctor import Finding, Level, disk, machine, workers
from daedalus.host import CgroupMemory, Mount, Power, Swap, Throttling, WriteTrouble, Writing
from daedalus.status import Row

GB = 1 << 30
MB = 1_000_000
OK, WARN, BAD = Level.OK, Level.WARN, Level.BAD


def row(state: str = "running", worker: str = "ingest-binance", **fields: float) -> Row:
    return Row(worker=worker, state=state, note="8 streams", **fields)  # type: ignore[arg-type]


def mount(options: str) -> Mount:
    return Mount("/dev/mmcblk0p2", "/", "ext4", frozenset(options.split(",")))


LOW = Throttling(undervoltage=True)
LIMITED = CgroupMemory(current=400 * MB, cache=100 * MB, high=1500 * MB, max=2000 * MB)

CASES: list[tuple[Finding, Level, str]] = [
    (machine.memory_cgroup(frozenset({"cpu", "memory"}), ""), OK, "limits memory"),
    (machine.memory_cgroup(frozenset({"cpu"}), "x cgroup_disable=memory y"), BAD, "cgroup_disable=memory"),
    (machine.memory_cgroup(frozenset({"cpu"}), "quiet"), BAD, "ignores MemoryMax in silence"),
    (machine.memory_cgroup(None, ""), WARN, "not mounted"),
    (machine.swap((Swap("/var/swap", 2 * GB, GB),), 4 * GB), OK, "2.1 GB, 1.1 GB in use"),
    (machine.swap((Swap("/var/swap", 100 * MB, 0),), 4 * GB), WARN, "100.0 MB of swap"),
    (machine.swap((), 2 * GB), WARN, "0 B of swap"),
    (machine.swap((), 16 * GB), OK, ""),
    (machine.swap((Swap("/var/swap", 2 * GB, 2 * GB - 1),), 4 * GB), WARN, "in use"),
    (machine.swap(None, None), OK, "does not tell"),
    (machine.page_size(4096), OK, "4096"),
    (machine.page_size(16384), WARN, "unsupported system page size"),
    (machine.userland(64, "aarch64"), OK, "64 bits on aarch64"),
    (machine.userland(32, "aarch64"), BAD, "32 bits, whatever the kernel (aarch64) says"),
    (machine.power(None), OK, "does not tell"),
    (machine.power(Power(now=Throttling(), since_boot=Throttling())), OK, "no undervoltage"),
    (machine.power(Power(now=Throttling(), since_boot=LOW)), WARN, "since boot there was: undervoltage"),
    (
        machine.power(Power(now=Throttling(throttled=True, hot=True))),
        BAD,
        "throttling, the soft limit of heat",
    ),
    (disk.mounted_for_writing("the root", mount("rw,noatime")), OK, "/dev/mmcblk0p2 on /"),
    (
        disk.mounted_for_writing("the root", mount("ro,noatime")),
        BAD,
        "is read-only, which is how a card dies",
    ),
    (disk.mounted_for_writing("the root", None), OK, "does not tell"),
    (
        disk.mounted_for_writing("x", mount("rw,relatime,emergency_ro")),
        BAD,
        "is read-only, which is how a card dies",
    ),
    (disk.mounted_for_writing("x", mount("rw,shutdown")), BAD, "is read-only, which is how"),
    (disk.mounted_for_writing("x", mount("rw"), Writing()), OK, "a file was written and removed"),
    (
        disk.mounted_for_writing("x", mount("rw"), Writing(WriteTrouble.READ_ONLY, "it is ro")),
        BAD,
        "it is ro",
    ),
    (disk.mounted_for_writing("x", mount("rw"), Writing(WriteTrouble.FAILS, "I/O error")), BAD, "I/O error"),
    (disk.mounted_for_writing("x", mount("rw"), Writing(WriteTrouble.HANGS, "20 s")), BAD, "20 s"),
    (disk.mounted_for_writing("x", mount("rw"), Writing(WriteTrouble.FULL, "is full")), BAD, "is full"),
    (disk.mounted_for_writing("x", mount("rw"), Writing(WriteTrouble.DENIED, "no")), OK, "may not try it"),
    (disk.card_errors(None), OK, "as root"),
    (disk.card_errors(["mmc0: new high speed SDXC card", "EXT4-fs (sda1): mounted filesystem"]), OK, "none"),
    (
        disk.card_errors(["mmc0: Timeout waiting for hardware interrupt.", "x"]),
        BAD,
        "1 line in the kernel's",
    ),
    (disk.card_errors(["blk_update_request: I/O error, dev mmcblk0, sector 7"]), BAD, "sector 7"),
    (disk.card_errors(["EXT4-fs (mmcblk0p2): Remounting filesystem read-only"]), BAD, "read-only"),
    (disk.journal(volatile=True, persistent=False), WARN, "in memory alone"),
    (disk.journal(volatile=True, persistent=True), WARN, "in memory alone"),
    (disk.journal(volatile=False, persistent=True), OK, "on disk"),
    (disk.journal(volatile=False, persistent=False), OK, "no journal"),
    (workers.worker(row()), OK, "8 streams"),
    (workers.worker(row(last_message_seconds=299.0)), OK, "8 streams"),
    (workers.worker(row(unrecorded=1)), WARN, "8 streams"),
    (workers.worker(row(last_message_seconds=700.0)), BAD, "its last message came 12 min ago"),
    (workers.worker(row("not started")), WARN, "has never been started here"),
    (workers.worker(row("stopped")), WARN, "stopped"),
    (workers.installed(row(difference="runs version 1, here is 2")), WARN, "runs version 1, here is 2"),
    (workers.worker(row("silent")), BAD, "it lives, but says nothing any more"),
    (workers.worker(row("unreadable")), BAD, "is not known: 8 streams"),
    (workers.worker(row("blocked")), BAD, "cannot go on: 8 streams"),
    (workers.worker(row("power cut")), BAD, "was not started again (power cut)"),
    (workers.limits("u", LIMITED), OK, "300.0 MB of 2.0 GB, slowed from 1.5 GB"),
    (workers.limits("u", CgroupMemory(current=1)), WARN, "no limit"),
    (workers.limits("u", None), BAD, "MemoryMax does not hold, whatever systemctl shows"),
    (workers.restarts("u", 1), OK, "1 since"),
    (workers.restarts("u", 5), WARN, "5 since"),
    (workers.backlog([row(worker="sync", waiting=7)]), OK, "sync: 7 files"),
    (workers.backlog([row(worker="normalize", waiting=2000)]), WARN, "normalize: 2,000 files"),
    (workers.backlog([]), OK, "nothing waits"),
    (workers.last_upload(None, 0), OK, "none since"),
    (workers.last_upload(60, 9), OK, "60 s ago"),
    (workers.last_upload(86400, 0), OK, "24.0 h ago"),
    (workers.last_upload(86400, 5), BAD, "and 5 files wait"),
]


@pytest.mark.parametrize(("finding", "level", "words"), CASES)
def test_a_check_tells_what_is_found(finding: Finding, level: Level, words: str) -> None:
    assert finding.level is level
    assert words in finding.found
    assert bool(finding.remedy) is (level is not OK)


@pytest.mark.parametrize(("services", "command"), [(True, "daedalus start"), (False, "daedalus run")])
def test_only_a_command_that_is_there_is_advised(services: bool, command: str) -> None:
    found = workers.worker(row("not started"), services=services)
    assert found.remedy.startswith(f"Start it: {command}. ")
