from __future__ import annotations

import msgspec
import pytest

from daedalus.store.notes import ServedNote, SubscribedNote, UnsubscribedNote, decode_note


def test_a_cause_that_no_recorder_of_this_version_writes_is_read_as_it_stands() -> None:
    note = decode_note("unsubscribed", b'{"cause":"flood","heard_ns":7}')
    assert note == UnsubscribedNote("flood", 7)


def test_a_key_that_is_absent_has_its_default_and_one_that_is_not_known_is_passed_over() -> None:
    note = decode_note("subscribed", b'{"cause":"crash","more":[1]}')
    assert note == SubscribedNote("crash", None, served=True)
    assert isinstance(note, SubscribedNote)
    assert not note.silent
    assert decode_note("served", b"{}") == ServedNote()


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("message", b"{}"),
        ("served", b""),
        ("gap", b'{"status":"filled"}'),
        ("subscribed", b'{"since_ns":-1}'),
        ("close", b"[]"),
    ],
)
def test_what_is_no_note_is_refused(kind: str, payload: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        decode_note(kind, payload)
