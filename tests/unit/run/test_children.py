"""What a child's log says of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.processes import wait_until

from daedalus.run import children
from daedalus.run.children import Child, command

STAMP = "2026-11-23T21:24:00.123Z"


def child(tmp_path: Path, before: str, since: str) -> Child:
    log = tmp_path / "ingest-binance.log"
    log.write_text(before)
    made = Child("ingest-binance", ("ingest", "binance"), tmp_path)
    log.write_text(before + since)
    return made


def test_the_trouble_is_the_last_warning_or_error_since_the_run_began(tmp_path: Path) -> None:
    before = f"{STAMP} ERROR ingest of yesterday\n"
    since = f"{STAMP} WARNING ingest.binance cannot connect\x1b[2J to ws://x\n{STAMP} INFO ingest stopping\n"
    assert child(tmp_path, before, since).trouble() == "ingest.binance cannot connect?[2J to ws://x"


def test_without_trouble_there_is_none_to_tell(tmp_path: Path) -> None:
    assert (
        child(tmp_path, f"{STAMP} ERROR ingest of yesterday\n", f"{STAMP} INFO ingest fine\n").trouble() == ""
    )


def test_who_refuses_before_it_logs_is_quoted_all_the_same(tmp_path: Path) -> None:
    line = "data: ingest-binance already runs here, as the process with pid 7"
    assert child(tmp_path, "", f"{line}\n").trouble() == line


def test_a_child_that_never_began_has_no_trouble(tmp_path: Path) -> None:
    assert Child("sync", ("sync",), tmp_path / "nowhere").trouble() == ""


def test_a_file_of_the_current_directory_is_not_taken_for_a_module(tmp_path: Path) -> None:
    for name in ("yaml", "six", "typer", "daedalus"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(42)")
    done = subprocess.run(command("--version"), cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.split()[0]) == (0, "daedalus")


def test_a_log_that_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ingest-binance.log")
    made = Child("ingest-binance", ("ingest", "binance"), tmp_path)
    assert made.trouble() == ""
    with pytest.raises(OSError, match="a pipe stands"):
        made.start()


@pytest.fixture
def sleeper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Child:
    """A child that has not set its handlers of signals yet, its pid in a file once it runs."""
    code = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    monkeypatch.setattr(children, "command", lambda *_: [sys.executable, "-c", code])
    made = Child("sync", ("sync",), tmp_path)
    made.start()
    return made


def test_a_child_that_ends_by_the_signal_that_asks_it_to_stop_has_not_failed(sleeper: Child) -> None:
    sleeper.ask_to_stop()
    assert sleeper.wait(30) == 0


def test_a_child_that_somebody_else_ends_has_failed(sleeper: Child, tmp_path: Path) -> None:
    wait_until(lambda: (tmp_path / "pid").is_file() and bool((tmp_path / "pid").read_text()), 30, "its pid")
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGTERM)
    assert sleeper.wait(30) == -signal.SIGTERM
    sleeper.ask_to_stop()
    assert sleeper.wait(30) == -signal.SIGTERM
