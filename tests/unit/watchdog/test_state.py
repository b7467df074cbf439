from __future__ import annotations

from pathlib import Path

import pytest

from daedalus.watchdog.state import FILE, State, WorkerState, load_state, save_state


def test_what_was_remembered_is_there_after_a_restart(tmp_path: Path) -> None:
    state = State(boot_id="b", at=5.0, workers={"sync": WorkerState(restarts=(1.0,))})
    save_state(tmp_path, state)
    assert load_state(tmp_path) == state


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"boot_id":"\xff"}', b'{"\xef":1}', b'{"x":' + b"[" * 100_000]
)
def test_what_cannot_be_read_is_forgotten(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert load_state(tmp_path) == State()
