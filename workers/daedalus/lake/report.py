"""What an audit says: a line for each stream and day, what is wrong, and how much of it all is proved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

__all__ = ["Finding", "Report", "StreamDay", "Total", "Verdict", "totals"]


class Verdict(StrEnum):
    """What is known of a stream's day, best first."""

    COMPLETE = "complete"  # proved: the venue's ids (or checks) and the rows leave no room for a loss
    REPAIRED = "repaired"  # holes there were, and every one is filled
    UNPROVED = "unproved"  # nothing says that something is missing, nor could anything
    MISSING = "missing"  # something is missing, and the ledger says so
    BROKEN = "broken"  # rows and ledger contradict each other, or rows are damaged


class StreamDay(Struct, frozen=True):
    """One stream's day. ``proof`` is how the venue lets us prove it, ``evidence`` what was found in the rows.

    ``ids``: distinct ids seen, None where rows have none that prove anything; ``missing``: ids that are
    missing still, None where nobody can know how many. ``unledgered``: ids without a row of which the
    ledger says nothing, or that it says are there. ``complete_percent``: of ids, or where there are none,
    of the time between the first and the last row (``basis``). ``seconds_unconnected``: time in which
    nothing served the stream. ``clock_offset_ms``: median of local_timestamp - timestamp.
    """

    date: str
    exchange: str
    channel: str
    symbol: str
    verdict: Verdict
    proof: str
    evidence: str
    rows: int = 0
    ids: int | None = None
    holes_open: int = 0
    holes_filled: int = 0
    holes_unfillable: int = 0
    missing: int | None = 0
    unledgered: int = 0
    duplicates: int = 0
    digests: int = 0
    digests_wrong: int = 0
    complete_percent: float | None = None
    basis: str = ""
    seconds_unconnected: float = 0.0
    clock_offset_ms: float | None = None
    lossy: str = ""
    notes: tuple[str, ...] = ()


class Finding(Struct, frozen=True, order=True):
    """Something that is not as it must be. ``where``: a file's key, or the stream and day."""

    kind: str
    where: str
    text: str


class Total(Struct, frozen=True):
    """Streams' days of one group: how many could be verified, and how many of these are clean."""

    group: str
    days: int
    verified: int
    clean: int

    @property
    def verified_percent(self) -> float:
        return 100 * self.verified / self.days if self.days else 0.0

    @property
    def clean_percent(self) -> float | None:
        """None where nothing was verified: then there is nothing to call clean."""
        return 100 * self.clean / self.verified if self.verified else None


class Report(Struct, frozen=True):
    """A whole audit. ``files`` and ``bytes`` were read and held against their checksums."""

    url: str
    files: int
    bytes: int
    streams: tuple[StreamDay, ...]
    findings: tuple[Finding, ...]
    totals: Mapping[str, Sequence[Total]]

    @property
    def sound(self) -> bool:
        """Whether the lake holds what its ledger says: exit code 0."""
        return not self.findings


def totals(streams: Iterable[StreamDay]) -> dict[str, list[Total]]:
    """Counts per exchange, channel and day. What cannot be proved is never clean."""
    counts: dict[str, dict[str, list[int]]] = {"exchange": {}, "channel": {}, "date": {}}
    for stream in streams:
        groups = (
            ("exchange", stream.exchange),
            ("channel", f"{stream.exchange} {stream.channel}"),
            ("date", stream.date),
        )
        for kind, name in groups:
            count = counts[kind].setdefault(name, [0, 0, 0])
            count[0] += 1
            count[1] += stream.verdict is not Verdict.UNPROVED
            count[2] += stream.verdict in (Verdict.COMPLETE, Verdict.REPAIRED)
    return {
        kind: [Total(name, *figures) for name, figures in sorted(groups.items())]
        for kind, groups in counts.items()
    }
