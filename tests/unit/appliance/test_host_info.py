from __future__ import annotations

import ast
import json
import stat
from pathlib import Path
from typing import Any

import pytest

MODULE = Path(__file__).parents[3] / "plugins/modules/host_info.py"


@pytest.fixture
def ask(play: Any, tmp_path: Path) -> Any:
    """Asks the module for something; gives what it returns."""

    def run(**asked: Any) -> dict[str, Any]:
        answer = tmp_path / "answer.json"
        said = "{{ found | to_json }}"
        done = play(
            [
                {"name": "Ask", "host_info": asked, "register": "found", "check_mode": True},
                {"name": "Keep", "ansible.builtin.copy": {"content": said, "dest": str(answer)}},
            ]
        )
        assert done["ok"] == 2
        return dict(json.loads(answer.read_bytes()))

    return run


def test_names_with_quotes_and_what_does_not_exist_are_answered_as_they_are(ask: Any, tmp_path: Path) -> None:
    strange = tmp_path / 'it\'s "1": {here}'
    strange.mkdir()
    (strange / "text").write_bytes("a: 'b\r\n\xff".encode("latin-1"))
    link = tmp_path / "link"
    link.symlink_to("nowhere")
    missing = str(tmp_path / "missing/deeper")
    found = ask(
        paths=[str(strange / "text"), str(link), missing],
        texts=[str(strange / "text"), missing],
        globs=[f"{tmp_path}/it*/*", f"{tmp_path}/link", missing],
        free_space=[missing],
    )
    assert found["paths"] == {
        str(strange / "text"): {"size": 8, "target": ""},
        str(link): {"size": 0, "target": "nowhere"},
    }
    assert found["texts"] == {str(strange / "text"): "a: 'b\r\n�"}
    assert found["globs"] == {
        f"{tmp_path}/it*/*": [str(strange / "text")],
        f"{tmp_path}/link": [str(link)],
        missing: [],
    }
    assert found["free_space"][missing] > 0
    assert found["changed"] is False
    assert "swaps" not in found, "what is not asked for costs nothing"


def test_programs_are_described_and_their_absence_is_an_answer(
    ask: Any, tmp_path: Path, systemctl: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in = systemctl.parent / "path/systemctl"
    stand_in.write_text(
        "#!/bin/sh\n"
        "case $1 in --version) echo 'systemd 252 (252.1-1)' ;; *) echo 'a.service loaded active' ;; esac\n"
    )
    teller = tmp_path / "teller"
    teller.write_text('#!/bin/sh\necho "$1: $(cat)"\necho "it\'s wrong" >&2\nexit 3\n')
    teller.chmod(teller.stat().st_mode | stat.S_IXUSR)
    found = ask(
        packages=["dpkg", "not-a-package"],
        python="/nowhere/python3",
        swaps=True,
        units="a*",
        question={"programs": ["/nowhere/teller", str(teller)], "arguments": ["said"], "stdin": "hidden"},
    )
    assert found["packages"]["missing"][-1:] == ["not-a-package"]
    assert found["python"] == {"version": "", "bits": 0}
    assert isinstance(found["swaps"], list)
    assert found["systemd"] == {"version": 252, "active": ["a.service"]}
    assert found["answer"]["program"] == str(teller)
    assert (found["answer"]["rc"], found["answer"]["stderr"]) == (3, "it's wrong\n")
    assert ask(question={"programs": ["/nowhere/teller"]})["answer"] == {
        "program": "",
        "rc": 0,
        "stdout": "",
        "stderr": "",
    }


def test_it_is_written_for_the_old_pythons_that_it_must_report() -> None:
    ast.parse(MODULE.read_text(encoding="utf-8"), feature_version=(3, 8))
