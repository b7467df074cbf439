"""What an audit finds: an assessment of each stream's day, findings, and how much is proved in all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from ..table_file import AlteredFileError, DamagedFileError

__all__ = ["Finding", "Report", "StreamDay", "Total", "Verdict", "totals"]


class Verdict(StrEnum):
    """What is known of a stream's day, from best to worst."""

    COMPLETE = "complete"  # proved: with the exchange's ids or checksums, the rows leave no room for a loss
    REPAIRED = "repaired"  # there were gaps, and each one is filled
    UNPROVED = "unproved"  # no sign of a loss, but the rows could not show one
    MISSING = "missing"  # something is missing, and the ledger says so
    BROKEN = "broken"  # rows and ledger contradict each other, or rows are damaged


class StreamDay(Struct, frozen=True):
    """One stream's day.

    ``proof``: how the exchange lets a loss be seen. ``evidence``: what the rows have of it. ``ids``: distinct
    ids seen, None if they prove nothing. ``missing``: ids still missing, None if unknown. ``unledgered``:
    missing ids that the ledger omits or claims are filled. ``complete_percent``: of ids, or without ids of
    the time between the first and the last row (``basis``). ``seconds_unconnected``: no connection served the
    stream. ``clock_offset_ms``: median of local_timestamp - timestamp. ``lossy``: what the exchange leaves
    out by design. ``notes`` explain the figures; ``doubts`` keep rows and ledger from agreeing in full,
    without being wrong.
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
    gaps_open: int = 0
    gaps_filled: int = 0
    gaps_unfillable: int = 0
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
    doubts: tuple[str, ...] = ()

    @property
    def proved(self) -> bool:
        """Whether the rows prove that nothing is missing."""
        return self.verdict in (Verdict.COMPLETE, Verdict.REPAIRED)

    @property
    def intact(self) -> bool:
        """Whether no loss is known: proved, or connected all day without a gap."""
        return self.proved or (self.verdict is Verdict.UNPROVED and not self.seconds_unconnected)


class Finding(Struct, frozen=True, order=True):
    """Something that is wrong. ``where``: a file's key, or a stream and day."""

    kind: str
    where: str
    text: str

    @classmethod
    def of(cls, key: str, damage: DamagedFileError) -> Finding:
        """The finding for a file whose bytes or rows are not those that were written."""
        kind = "altered" if isinstance(damage, AlteredFileError) else "damaged"
        return cls(kind, key, str(damage).partition(": ")[2])


class Total(Struct, frozen=True):
    """Stream days of a group: all, those without a known loss, those proved complete."""

    group: str
    days: int
    intact: int
    proved: int

    @property
    def intact_percent(self) -> float:
        return 100 * self.intact / self.days if self.days else 0.0

    @property
    def proved_percent(self) -> float:
        return 100 * self.proved / self.days if self.days else 0.0


class Report(Struct, frozen=True):
    """A whole audit. ``files`` and ``bytes`` were read and held against their checksums.

    ``unclaimed``: how many files have no checksum of their rows; an altered value in them is not noticed.
    ``totals``: by exchange, channel and date.
    """

    url: str
    files: int
    bytes: int
    streams: tuple[StreamDay, ...]
    findings: tuple[Finding, ...]
    totals: Mapping[str, Sequence[Total]]
    unclaimed: int = 0

    @property
    def sound(self) -> bool:
        """Whether files were read and nothing is wrong; the command ends with exit code 0."""
        return not self.findings

    @property
    def agrees(self) -> bool:
        """Whether rows and ledger agree in full: no finding and no doubt."""
        return self.sound and bool(self.streams) and not any(stream.doubts for stream in self.streams)


def totals(streams: Iterable[StreamDay]) -> dict[str, list[Total]]:
    """Totals by exchange, channel and date."""
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
            count[1] += stream.intact
            count[2] += stream.proved
    return {
        kind: [Total(name, *figures) for name, figures in sorted(groups.items())]
        for kind, groups in counts.items()
    }
