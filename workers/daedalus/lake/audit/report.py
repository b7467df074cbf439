"""What an audit says: a line for each stream and day, what is wrong, how much of it all is proved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from ..table_file import AlteredFileError, DamagedFileError

__all__ = ["Finding", "Report", "StreamDay", "Total", "Verdict", "totals"]


class Verdict(StrEnum):
    """What is known of a stream's day, best first."""

    COMPLETE = "complete"  # proved: the exchange's ids (or checks) and the rows leave no room for a loss
    REPAIRED = "repaired"  # gaps there were, and every one is filled
    UNPROVED = "unproved"  # nothing says that something is missing, nor could anything
    MISSING = "missing"  # something is missing, and the ledger says so
    BROKEN = "broken"  # rows and ledger contradict each other, or rows are damaged


class StreamDay(Struct, frozen=True):
    """One stream's day. ``proof`` is how the exchange lets us prove it, ``evidence`` what was found in the
    rows.

    ``ids``: distinct ids seen, None where rows have none that prove anything; ``missing``: ids that are
    missing still, None where nobody can know how many. ``unledgered``: missing ids that the
    ledger omits or claims are filled. ``complete_percent``: of ids, or where there are none,
    of the time between the first and the last row (``basis``). ``seconds_unconnected``: time in which
    nothing served the stream. ``clock_offset_ms``: median of local_timestamp - timestamp. ``notes`` explain
    the figures; ``doubts`` are what keeps rows and ledger from agreeing in full, without being wrong.
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
        """Whether rows show that nothing is missing (any more)."""
        return self.verdict in (Verdict.COMPLETE, Verdict.REPAIRED)

    @property
    def intact(self) -> bool:
        """Whether nothing is known to be missing: proved, or served all the time without a word of a loss."""
        return self.proved or (self.verdict is Verdict.UNPROVED and not self.seconds_unconnected)


class Finding(Struct, frozen=True, order=True):
    """Something that is not as it must be. ``where``: a file's key, or the stream and day."""

    kind: str
    where: str
    text: str

    @classmethod
    def of(cls, key: str, damage: DamagedFileError) -> Finding:
        """A file whose bytes or rows are not the ones that were written."""
        kind = "altered" if isinstance(damage, AlteredFileError) else "damaged"
        return cls(kind, key, str(damage).partition(": ")[2])


class Total(Struct, frozen=True):
    """Streams' days of one group: how many there are, of how many no loss is known, how many are proved.

    A loss makes both smaller, and never larger.
    """

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

    ``unclaimed``: files that do not say which rows were written into them: altered ones are not known.
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
        """Whether there was something to look at, and nothing in it is wrong: exit code 0."""
        return not self.findings

    @property
    def agrees(self) -> bool:
        """Whether rows and ledger agree in full: no finding, and no doubt either."""
        return self.sound and bool(self.streams) and not any(stream.doubts for stream in self.streams)


def totals(streams: Iterable[StreamDay]) -> dict[str, list[Total]]:
    """Counts per exchange, channel and day."""
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
