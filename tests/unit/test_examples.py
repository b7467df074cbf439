"""The programs of examples/ run as their page says, and show what is in the lake."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.lake_workbench import Recording

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
TRADE = (
    '{"e":"trade","E":1723161253900,"s":"BTCUSDT","t":7,"p":"61832.4","q":"0.5","T":1723161253899,"m":true}'
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> str:
    recording = Recording(tmp_path_factory.mktemp("example"))
    recording.opened(0, ["depth", "trade"])
    recording.trades([*range(1, 30), *range(33, 60)], at=1)
    recording.depth(1, 1, 1, [["98", "1"]], [])
    recording.snapshot(1.5, 1)
    recording.depth(2, 2, 2, [["98", "0"]], [["101", "3"]])
    recording.depth(70, 3, 3, [["97", "5"]], [])
    return str(recording.seal())


def run(name: str, *arguments: str, given: str = "") -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, EXAMPLES / name, *arguments],
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


def test_the_page_names_every_example() -> None:
    named = re.findall(r"\]\((\w+\.py)\)", (EXAMPLES / "README.md").read_text(encoding="utf-8"))
    assert sorted(named) == sorted(path.name for path in EXAMPLES.glob("*.py"))


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.py")))
def test_called_without_arguments_each_says_how_it_is_called(name: str) -> None:
    for module in {"minute_bars.py": ["duckdb"], "daily_turnover.py": ["polars"]}.get(name, []):
        pytest.importorskip(module, reason="needs the extra daedalus[read]")
    code, told, error = run(name)
    assert (code, told) == (2, "")
    assert f"\npython {name} " in error
    assert "Traceback" not in error


def test_what_is_missing(lake: str) -> None:
    code, told, _ = run("what_is_missing.py", lake)
    assert code == 0
    assert "2026-09-22 binance trade A: missing, missing 3" in told
    assert "audited 2 stream days" in told
    assert run("what_is_missing.py", lake, "2026-09-23", "2026-09-24")[0] == 1  # nothing is there
    code, _, error = run("what_is_missing.py", "no/such/folder")
    assert code == 1
    assert "there is no folder" in error


def test_spread(lake: str) -> None:
    _, told, _ = run("spread.py", lake, "binance", "A", "2026-09-21T23:59:00", "3")
    *before, then = told.splitlines()
    assert [each.partition("  ")[0] for each in before] == ["23:59", "00:00"]
    assert all("in the lake before that time" in each for each in before)
    assert re.fullmatch(r"00:01  bid \d+\.0  ask \d+\.0  spread \d+\.\d\d bp", then)


def test_decode_to_csv() -> None:
    given = f"1723161253937085768 {TRADE}\nno message\n"
    code, told, error = run("decode_to_csv.py", "binance", "trades", given=given)
    header, row = told.splitlines()
    assert (code, header.split(",")[:3]) == (0, ["exchange", "symbol", "timestamp"])
    assert "61832.4" in row
    assert "1 no message" in error
    assert run("decode_to_csv.py", "binnance", "trades")[0] == 2


def test_minute_bars(lake: str) -> None:
    pytest.importorskip("duckdb", reason="needs the extra daedalus[read]")
    code, told, error = run("minute_bars.py", lake, "binance", "A", "2026-09-22")
    assert (code, error) == (0, "")
    assert told.startswith("2026-09-22 00:00 ")
    assert told.splitlines()[-1].split()[-1].isdigit()


def test_daily_turnover(lake: str) -> None:
    pytest.importorskip("polars", reason="needs the extra daedalus[read]")
    code, told, error = run("daily_turnover.py", lake)
    assert (code, error) == (0, "")
    assert re.fullmatch(r"2026-09-22 binance A 56 \d+\.\d\d\n", told)
