"""`import daedalus`: its page's code runs, its names are there, and it costs nothing to who uses none."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from support.lake_workbench import BEGIN, SECOND, Recording

import daedalus

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "library.md"
TRADE = (
    '{"e":"trade","E":1723161253900,"s":"BTCUSDT","t":7,"p":"61832.4","q":"0.5","T":1723161253899,"m":true}'
)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    recording = Recording(tmp_path)
    recording.opened(0, ["depth", "trade"])
    recording.trades(range(1, 30), at=1)
    recording.depth(1, 1, 1, [["98", "1"]], [])
    recording.snapshot(1.5, 1)
    recording.depth(2, 2, 2, [["98", "0"]], [["101", "3"]])
    recording.depth(70, 3, 3, [["97", "5"]], [])
    recording.depth(80, 4, 4, [["99", "1"]], [])
    return recording.seal()


def loaded_by(code: str) -> set[str]:
    """The modules of a process of its own that has run this."""
    told = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(told.stdout.split())


def test_the_code_of_the_page_runs_as_it_stands(
    lake: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(lake.parent)
    code = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert len(code) >= 5
    text = "\n".join(code).replace('"binance", "BTCUSDT"', '"binance", "A"')  # this lake's only symbol
    exec(compile(text, str(PAGE), "exec"), {})  # noqa: S102 - the page's own
    told = capsys.readouterr().out
    assert "2026-09-22 trade A complete 0" in told
    assert f"99.0 7.0 3 {BEGIN + 60 * SECOND}" in told
    assert "trades BTCUSDT 61832.4 1723161253899000000" in told
    assert "there is no folder" in told


def test_a_lake_shows_its_address_and_no_secret(lake: Path) -> None:
    assert repr(daedalus.open(lake)) == f"Lake({lake.as_uri()!r})"
    pytest.importorskip("s3fs", reason="needs the extra daedalus[s3]")
    shown = repr(daedalus.open("s3://user:password@bucket/lake?token=t", key="KEY", secret="SECRET"))
    assert shown == "Lake('s3://bucket/lake')"


@pytest.mark.parametrize("name", daedalus.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert name in dir(daedalus)
    assert getattr(daedalus, name) is getattr(daedalus, name)
    assert name == "__version__" or getattr(daedalus, name).__doc__


def test_what_a_type_checker_sees_is_what_there_is() -> None:
    tree = ast.parse(Path(daedalus.__file__).read_text(encoding="utf-8"))
    (guarded,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {each.name for node in guarded.body if isinstance(node, ast.ImportFrom) for each in node.names}
    assert seen | {"__version__"} == set(daedalus.__all__)


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'trades_of'"):
        _ = daedalus.trades_of  # type: ignore[attr-defined]


def test_importing_it_loads_none_of_its_parts() -> None:
    more = loaded_by("import daedalus") - loaded_by("import importlib, typing, __future__")
    assert more == {"daedalus"}


@pytest.mark.parametrize("worker", ["ingest.worker", "normalize.worker", "sync.worker", "watchdog.worker"])
def test_no_worker_loads_the_library(worker: str) -> None:
    assert "daedalus.library" not in loaded_by(f"import daedalus.{worker}")


def test_an_error_is_caught_without_loading_the_rest() -> None:
    assert not {"pyarrow", "daedalus.library"} & loaded_by("import daedalus; daedalus.DaedalusError")


def test_names_that_nobody_knows_are_told_with_the_nearest(lake: Path) -> None:
    with pytest.raises(daedalus.UnknownNameError, match="Did you mean 'binance'"):
        daedalus.decode("binnance", [])
    with pytest.raises(daedalus.UnknownNameError, match="Did you mean 'binance'"):
        daedalus.book_at(lake, "binnance", "A", BEGIN)
    with pytest.raises(daedalus.UnknownNameError, match="Did you mean 'trade'"):
        daedalus.audit(lake, channel="trad")


def test_a_day_that_is_none_is_no_audit_of_everything(lake: Path) -> None:
    with pytest.raises(ValueError, match="2026-13"):
        daedalus.audit(lake, since="2026-13-01")


def test_symbols_may_be_written_as_the_configuration_takes_them(lake: Path) -> None:
    assert daedalus.book_at(str(lake), "binance", "a", BEGIN + 75 * SECOND).symbol == "A"


def test_lines_are_text_or_bytes_and_what_gives_no_row_is_counted() -> None:
    counts: Counter[str] = Counter()
    lines = [f"1723161253937085768 {TRADE}", f"1723161253937085768 {TRADE}".encode(), "no message"]
    rows = list(daedalus.decode("binance", lines, skipped=counts))
    assert [(row["table"], row["price"]) for row in rows] == [("trades", 61832.4)] * 2
    assert counts == {"no message": 1}
