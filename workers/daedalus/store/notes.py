"""The recorder's notes: the JSON payloads of the raw rows that it writes about its own work.

The order of the fields is that of the keys in the files. All times are UTC ns. When a note is read, a key
that is absent has its default here, and a cause may be a word that is none of `Cause`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar, Literal, TypeAlias, get_args

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from .raw import RawKind

__all__ = [
    "Cause",
    "ClockNote",
    "CloseNote",
    "LostNote",
    "NoBookNote",
    "Note",
    "OpenNote",
    "Resolution",
    "ServedNote",
    "SubscribedNote",
    "UnsubscribedNote",
    "decode_note",
]

Cause: TypeAlias = Literal[
    "start",  # it was never recorded before
    "restart",  # the recorder was stopped
    "crash",  # the recorder was killed
    "power",  # the machine went down
    "disconnect",  # the connection was lost
    "silence",  # the connection, or this stream alone, brought nothing for too long
    "overflow",  # we stopped reading, and the exchange did not wait
    "replaced",  # another connection took its place before its end
]
"""Why a stream is not served any more, or was not until now."""

_Time = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class OpenNote(Struct, frozen=True):
    """A connection was opened."""

    kind: ClassVar[RawKind] = RawKind.OPEN
    url: str | None = None
    boot_id: str = ""
    pid: int = 0
    version: str = ""


class CloseNote(Struct, frozen=True):
    """A connection ended. ``cause``: a `Cause`; ``reason``: in words."""

    kind: ClassVar[RawKind] = RawKind.CLOSE
    cause: str | None = None
    reason: str | None = None


class SubscribedNote(Struct, frozen=True):
    """A stream was asked for on this connection. ``cause``: the `Cause` why it was not recorded until now.

    ``since_ns``: until when everything received before is known to be kept. ``served``: older recorders wrote
    no proof that a stream is served; being asked counted as one. ``silent``: the stream fell silent while its
    channel went on.
    """

    kind: ClassVar[RawKind] = RawKind.SUBSCRIBED
    cause: str | None = None
    since_ns: _Time | None = None
    served: bool = True
    silent: bool | UnsetType = UNSET


class ServedNote(Struct, frozen=True):
    """The stream is proved to be served on this connection; ``by``: "answer" or "message"."""

    kind: ClassVar[RawKind] = RawKind.SERVED
    by: str = ""


class UnsubscribedNote(Struct, frozen=True):
    """The connection no longer serves the stream, for a `Cause`; it heard its last at ``heard_ns``.

    ``silent``: the stream fell silent while its channel and its connection went on.
    """

    kind: ClassVar[RawKind] = RawKind.UNSUBSCRIBED
    cause: str | None = None
    heard_ns: _Time | None = None
    silent: bool | UnsetType = UNSET


class LostNote(Struct, frozen=True):
    """So many frames of the connection are missing since ``from_ns``; the stream may be one of theirs."""

    kind: ClassVar[RawKind] = RawKind.LOST
    missing: int | None = None
    from_ns: _Time | None = None


class NoBookNote(Struct, frozen=True):
    """There was no book since ``since_ns``; ``reason``: why no snapshot came."""

    kind: ClassVar[RawKind] = RawKind.NO_BOOK
    since_ns: _Time | None = None
    reason: str | None = None


class Resolution(Struct, frozen=True):
    """What became of a gap.

    ``status``: filled, unfillable, or open if there was no answer; ``note``: by which request, or why not.
    Ids are inclusive. Gaps without ids are named by their time.
    """

    kind: ClassVar[RawKind] = RawKind.GAP
    status: str
    note: str
    first: int | None = None
    last: int | None = None
    from_ns: int = 0
    to_ns: int = 0


class ClockNote(Struct, frozen=True):
    """The wall clock was set, by ``step_ns``."""

    kind: ClassVar[RawKind] = RawKind.CLOCK
    step_ns: int = 0


Note: TypeAlias = (
    OpenNote
    | CloseNote
    | SubscribedNote
    | ServedNote
    | UnsubscribedNote
    | LostNote
    | NoBookNote
    | Resolution
    | ClockNote
)
"""One for each kind of raw row that the recorder writes about its own work."""

_DECODERS: Mapping[str, Callable[[bytes], Note]] = {
    each.kind.value: msgspec.json.Decoder(each).decode for each in get_args(Note)
}


def decode_note(kind: str, payload: bytes) -> Note:
    """Read the payload of a note. Raises `msgspec.MsgspecError` or `UnicodeDecodeError` for what is none."""
    decode = _DECODERS.get(kind)
    if decode is None:
        raise msgspec.ValidationError(f"no note is of the kind {kind!r}")
    return decode(payload)
