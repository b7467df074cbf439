"""What every command has in common: its help, its exit codes, and that nothing shows a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from daedalus import __version__
from daedalus.cli import app
from daedalus.simulator import SimulatorOptions
from daedalus.store.layout import Layout
from daedalus.store.lock import WorkerLock

COMMANDS = [
    "run",
    "ingest",
    "normalize",
    "sync",
    "status",
    "config",
    "demo",
    "decode",
    "simulate",
    "watchdog",
    "doctor",
]
SECRET = "hunter2hunter2"

TRADE = (
    '1723161253937085768 {"stream":"btcusdt@trade","data":{"e":"trade","E":1723161253937,"s":"BTCUSDT",'
    '"t":1,"p":"60000.5","q":"0.25","T":1723161253936,"m":true,"M":true}}\n'
)


@pytest.fixture(autouse=True)
def _plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "dumb")
    for name in ("DAEDALUS_CONFIG", "CREDENTIALS_DIRECTORY", "DAEDALUS_S3_ACCESS_KEY", "DAEDALUS_LOG_FILE"):
        monkeypatch.delenv(name, raising=False)


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def config(text: str = "") -> str:
    path = Path("config.yaml")
    path.write_text(
        f"data_dir: {Path.cwd()}/data\nexchanges: {{binance: {{symbols: [BTCUSDT]}}}}\n{text}",
        encoding="utf-8",
    )
    return str(path)


def test_the_version_is_told() -> None:
    assert call("--version").stdout == f"daedalus {__version__}\n"


def test_the_top_help_has_every_command_the_exit_codes_and_the_environment() -> None:
    shown = call("--help").stdout
    for word in [*COMMANDS, "Exit codes", "130 interrupted", "DAEDALUS_CONFIG", "--install-completion"]:
        assert word in shown


@pytest.mark.parametrize(
    "command", [*((name,) for name in COMMANDS), ("config", "check"), ("config", "show")]
)
def test_every_command_says_what_it_does_and_gives_an_example(command: tuple[str, ...]) -> None:
    result = call(*command, "--help")
    assert result.exit_code == 0
    assert command == ("config",) or f"daedalus {' '.join(command)}" in result.stdout.split("Example", 1)[1]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["ingets", "binance"], "Did you mean 'ingest'?"),
        (["ingest", "binanse"], "Did you mean 'binance'?"),
        (["decode", "coinbase_exchang"], "Did you mean 'coinbase_exchange'?"),
        (["simulate", "mtgox"], "Known are binance"),
        (["demo", "--live", "binanse"], "Did you mean 'binance'?"),
        (["simulate", "binance", "--port", "70000"], "65535"),
        (["ingest"], "Missing argument 'EXCHANGE'"),
    ],
)
def test_wrong_usage_is_code_2_and_names_what_is_near(arguments: list[str], told: str) -> None:
    result = call(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr


@pytest.mark.parametrize("command", ["start", "stop", "restart"])
def test_a_command_of_the_services_is_code_2_and_says_what_there_is_instead(command: str) -> None:
    result = call(command)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(
        f"daedalus {command} exists only where the recorder is installed as services"
    )
    assert "Here: daedalus run, and Ctrl-C." in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [["ingest", "binance"], ["normalize"], ["sync"], ["run"], ["status"], ["watchdog"], ["config", "show"]],
)
def test_a_wrong_configuration_is_code_2_and_told_on_stderr_without_a_traceback(arguments: list[str]) -> None:
    Path("bad.yaml").write_text("exchanges: {binance: {symbols: BTCUSDT}}\nlog: {level: loud}\n")
    result = call(*arguments, "--config", "bad.yaml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        "bad.yaml:1 exchanges.binance.symbols: expected a list of strings, got 'BTCUSDT'. Write [BTCUSDT].",
        "bad.yaml:2 log.level: expected 'debug', 'info', 'warning' or 'error', got 'loud'.",
    ]


def test_an_exchange_that_is_not_in_the_configuration_is_code_2() -> None:
    result = call("ingest", "coinbase_exchange", "--config", config())
    assert result.exit_code == 2
    assert "coinbase_exchange is not in the configuration, which has binance" in result.stderr


def test_a_second_recorder_is_code_3() -> None:
    path = config()
    with WorkerLock(Layout(Path("data").absolute()), "ingest-binance"):
        result = call("ingest", "binance", "--config", path)
    assert result.exit_code == 3
    assert "already runs here" in result.stderr


@pytest.mark.parametrize("worker", ["normalize", "sync"])
def test_a_second_worker_of_a_kind_is_code_3(worker: str) -> None:
    path = config()
    with WorkerLock(Layout(Path("data").absolute()), worker):
        result = call(worker, "--once", "--config", path)
    assert result.exit_code == 3
    assert f"{worker} already runs here" in result.stderr


def test_a_data_directory_that_cannot_be_made_is_code_1_in_one_line() -> None:
    path = config()
    Path("data").write_text("a file is in the way")
    result = call("ingest", "binance", "--config", path)
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert str(Path.cwd()) in result.stderr


def test_config_check_says_what_is_right_or_all_that_is_wrong() -> None:
    right = call("config", "check", config())
    assert right.exit_code == 0
    assert "config.yaml is valid." in right.stdout
    assert "binance   trade, aggTrade, depth, bookTicker: 1 symbol, 4 streams, 1 connection" in right.stdout
    wrong = call("config", "check", config("log: {level: loud}\nwriter: {batch_size: 0}\n"))
    assert wrong.exit_code == 2
    assert len(wrong.stderr.splitlines()) == 2


def test_config_check_takes_the_file_as_every_other_command_does() -> None:
    path = config()
    shown = [call("config", "check", *named).stdout for named in ([path], ["-c", path], ["--config", path])]
    assert shown[0] == shown[1] == shown[2] != ""
    assert call("config", "show", path).stdout == call("config", "show", "-c", path).stdout != ""
    both = call("config", "check", path, "-c", "other.yaml")
    assert (both.exit_code, "Give one" in both.stderr) == (2, True)


def test_each_worker_tells_in_its_status_which_configuration_it_runs() -> None:
    path = config()
    for worker in ("normalize", "sync", "watchdog"):
        call(worker, "--once", "--config", path)
    told = json.loads(call("config", "check", "--json", path).stdout)
    assert set(told["workers"]) == {"ingest-binance", "normalize", "sync", "watchdog"}
    for worker in ("normalize", "sync", "watchdog"):
        status = json.loads(Path("data/status", f"{worker}.json").read_bytes())
        process = status["process"]
        assert process["config_hash"] == told["workers"][worker]
        assert process["config_path"] == told["config_path"] == str(Path(path).resolve())
        assert process["version"] == told["version"] == __version__


def test_config_check_warns_of_secrets_that_everyone_may_read() -> None:
    path = config(f"sync: {{target: s3://b, access_key: {SECRET}, secret_key: {SECRET}}}\n")
    Path(path).chmod(0o644)
    result = call("config", "check", path)
    assert result.exit_code == 0
    assert "warning: config.yaml holds secrets and everyone may read it" in result.stderr


def test_no_command_shows_a_secret() -> None:
    path = config(
        f"sync: {{target: s3://b, access_key: {SECRET}, secret_key: {SECRET}}}\n"
        f'alerts: {{urls: ["ntfy://host/{SECRET}"], dead_mans_ping: "https://host/{SECRET}"}}\n'
    )
    shown = [
        call(*command, "--config", path)
        for command in (["config", "show"], ["status"], ["sync", "--dry-run"])
    ]
    shown += [call("config", "check", path), call("run", "--dry-run", "--config", path)]
    for result in shown:
        assert result.exit_code == 0
        assert SECRET not in result.output
    assert "**********" in shown[0].stdout


def test_the_environment_names_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAEDALUS_CONFIG", config())
    assert call("config", "show").exit_code == 0


def test_status_before_the_first_start_is_well() -> None:
    result = call("status", "--config", config())
    assert result.exit_code == 0
    assert result.stdout.count("not started") == 3


def test_status_says_where_it_looked() -> None:
    assert call("status", "--config", config()).stdout.startswith(
        f"configuration config.yaml, data in {Path.cwd()}/data\n"
    )


def test_status_for_machines_is_json() -> None:
    result = call("status", "--json", "--config", config())
    assert [row["worker"] for row in json.loads(result.stdout)] == ["ingest-binance", "normalize", "sync"]


def test_normalize_and_sync_once_have_nothing_to_do_in_an_empty_directory() -> None:
    path = config()
    assert call("normalize", "--once", "--config", path).exit_code == 0
    assert call("sync", "--once", "--config", path).exit_code == 0
    assert call("sync", "--dry-run", "--config", path).exit_code == 0


def test_decode_prints_the_rows_of_stdin_as_json_lines() -> None:
    command = [sys.executable, "-m", "daedalus", "decode", "binance"]
    result = subprocess.run(command, input=TRADE.encode(), capture_output=True, timeout=60)
    assert result.returncode == 0
    row = json.loads(result.stdout)
    assert (row["table"], row["symbol"], row["side"], row["price"]) == ("trades", "BTCUSDT", "sell", 60000.5)


def test_messages_that_cannot_be_decoded_are_counted_and_passed_over() -> None:
    Path("bad.jsonl").write_text(TRADE.replace('"60000.5"', '"cheap"') + TRADE)
    command = [sys.executable, "-m", "daedalus", "decode", "binance", "bad.jsonl"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (result.returncode, len(result.stdout.splitlines())) == (0, 1)
    assert result.stderr == "gave no row: 1 undecodable\n"


def test_decode_of_a_file_that_cannot_be_read_is_code_1() -> None:
    missing = call("decode", "binance", "no.jsonl")
    assert (missing.exit_code, missing.stderr) == (1, "no.jsonl: No such file or directory\n")
    Path("cut.gz").write_bytes(b"\x1f\x8b\x08\x00")
    cut = call("decode", "binance", "cut.gz")
    assert cut.exit_code == 1
    assert "Traceback" not in cut.stderr


def test_what_cannot_be_simulated_is_code_2() -> None:
    result = call("simulate", "binance", "--symbols", "BTCUSDT,BTCUSDT", "--port", "0")
    assert result.exit_code == 2
    assert "a symbol is named twice" in result.stderr


def test_every_fault_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[SimulatorOptions] = []

    async def serve(options: SimulatorOptions, **_: object) -> None:
        asked.append(options)

    monkeypatch.setattr("daedalus.simulator.serve", serve)
    numbers = {
        "drop_after": 1, "stall_after": 2, "skip_every": 3, "lose_every": 4, "lose_for_all_every": 5,
        "duplicate_every": 6, "swap_every": 7, "garble_every": 8, "truncate_every": 9, "flood_seconds": 1.5,
        "farewell_after": 2.5, "farewell_seconds": 3.5, "rest_status": 429, "rest_refusals": 10,
        "rest_seconds": 4.5, "lifetime": 5.5, "delay": 0.5,
    }  # fmt: skip
    flags = [text for name, value in numbers.items() for text in (f"--{name.replace('_', '-')}", str(value))]
    result = call("simulate", "binance", *flags, "--mute", "a@trade", "--mute", "b@*", "--depth", "1000")
    assert result.exit_code == 0, result.stderr
    numbers |= {"lifetime_seconds": numbers.pop("lifetime"), "delay_seconds": numbers.pop("delay")}
    (options,) = asked
    assert options.depth == 1000
    assert msgspec.structs.asdict(options.faults) == {**numbers, "mute": ("a@trade", "b@*")}


def test_run_shows_what_it_would_start() -> None:
    result = call("run", "--dry-run", "--no-sync", "--config", config())
    assert result.exit_code == 0
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == ["ingest-binance", "normalize"]


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom daedalus.cli import app\n"
        "known = {'pydantic', 'pyarrow', 'fsspec', 's3fs', 'websockets', 'msgspec', 'rich'}\n"
        "heavy = known & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ, timeout=60)


def test_reading_the_configuration_imports_nothing_but_pydantic_and_yaml() -> None:
    code = (
        "import sys\nimport daedalus.config\n"
        "heavy = {'pyarrow', 'fsspec', 's3fs', 'websockets', 'rich', 'typer', 'psutil'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ, timeout=60)
