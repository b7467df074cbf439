"""Where the file is looked for, how it is read, and where secrets come from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from daedalus.config import SEARCHED, ConfigError, find_config, load_config, parse_config

MINIMAL = "exchanges: {binance: {symbols: [BTCUSDT]}}\n"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (
        "DAEDALUS_CONFIG",
        "CREDENTIALS_DIRECTORY",
        "DAEDALUS_S3_ACCESS_KEY",
        "DAEDALUS_S3_SECRET_KEY",
        "DAEDALUS_ALERT_URLS",
    ):
        monkeypatch.delenv(name, raising=False)


def write(path: Path, text: str = MINIMAL) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_named_file_comes_before_the_environment_and_the_usual_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = write(Path("config/config.yaml"))
    assert find_config() == usual
    by_environment = write(tmp_path / "environment.yaml")
    monkeypatch.setenv("DAEDALUS_CONFIG", str(by_environment))
    assert find_config() == by_environment
    named = write(tmp_path / "named.yaml")
    assert find_config(named) == named


def test_a_named_file_that_is_missing_is_not_replaced_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    write(Path("config/config.yaml"))
    with pytest.raises(ConfigError, match=r"^no\.yaml: there is no configuration here"):
        find_config(Path("no.yaml"))
    monkeypatch.setenv("DAEDALUS_CONFIG", "gone.yaml")
    with pytest.raises(ConfigError, match=r"^gone\.yaml: .* DAEDALUS_CONFIG names it"):
        find_config()


@pytest.mark.skipif(SEARCHED[-1].exists(), reason="this machine has a configuration in /etc")
def test_without_any_file_the_message_lists_the_places_and_the_remedy() -> None:
    with pytest.raises(ConfigError) as caught:
        find_config()
    assert str(caught.value) == (
        "config/config.yaml, /etc/daedalus/config.yaml: there is no configuration here. "
        "Write one: cp config/config.examples.yaml config/config.yaml"
    )


def test_a_directory_is_told_from_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="this is a directory"):
        load_config(tmp_path)


def test_a_file_that_cannot_be_read_is_told_with_the_reason(tmp_path: Path) -> None:
    loop = tmp_path / "loop.yaml"
    loop.symlink_to(loop)
    with pytest.raises(ConfigError, match="cannot be read: Too many levels of symbolic links"):
        load_config(loop)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_of_somebody_else_is_told_with_the_remedy(tmp_path: Path) -> None:
    path = write(tmp_path / "config.yaml")
    path.chmod(0)
    with pytest.raises(ConfigError, match=r"Permission denied\. Run as a user who may read it"):
        load_config(path)


def test_a_file_that_is_too_large_is_not_parsed(tmp_path: Path) -> None:
    path = write(tmp_path / "big.yaml", MINIMAL + "#" * 1_000_000)
    with pytest.raises(ConfigError, match="larger than 1 MB"):
        load_config(path)


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "windows.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode() + b"log:\r\n  level: debug\r\n")
    assert load_config(path).log.level == "debug"


def keys(path: Path) -> tuple[str | None, str | None]:
    sync = load_config(path).sync
    return (
        sync.access_key.get_secret_value() if sync.access_key else None,
        sync.secret_key.get_secret_value() if sync.secret_key else None,
    )


def test_a_secret_comes_from_the_file_then_a_credential_then_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "config.yaml")
    assert keys(path) == (None, None)
    monkeypatch.setenv("DAEDALUS_S3_ACCESS_KEY", "env-a")
    monkeypatch.setenv("DAEDALUS_S3_SECRET_KEY", "env-s")
    assert keys(path) == ("env-a", "env-s")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    write(tmp_path / "credentials" / "s3_secret_key", "credential-s\n")
    assert keys(path) == ("env-a", "credential-s")
    write(path, MINIMAL + "sync: {access_key: file-a, secret_key: file-s}")
    assert keys(path) == ("file-a", "file-s")


def test_alert_urls_come_from_the_file_then_a_credential_then_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def urls() -> list[str]:
        return [each.get_secret_value() for each in load_config(path).alerts.urls]

    path = write(tmp_path / "config.yaml")
    assert urls() == []
    monkeypatch.setenv("DAEDALUS_ALERT_URLS", "ntfy://env json://env2")
    assert urls() == ["ntfy://env", "json://env2"]
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    write(tmp_path / "credentials" / "alert_urls", "ntfy://one\njson://two\n")
    assert urls() == ["ntfy://one", "json://two"]
    write(path, MINIMAL + "alerts: {urls: ['ntfy://file']}")
    assert urls() == ["ntfy://file"]


def test_a_credential_that_is_no_text_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "config.yaml")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "s3_access_key").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="s3_access_key: the credential cannot be read as UTF-8 text"):
        load_config(path)


def test_half_a_pair_from_outside_is_an_error_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "config.yaml")
    monkeypatch.setenv("DAEDALUS_S3_ACCESS_KEY", "env-a")
    with pytest.raises(ConfigError, match="access_key is given, secret_key is not"):
        load_config(path)


@pytest.mark.parametrize(
    ("data_dir", "place"),
    [("", "data"), ("data_dir: here\n", "here"), ("data_dir: ../beside\n", "../beside")],
)
def test_a_relative_data_dir_is_below_the_directory_of_the_file_wherever_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data_dir: str, place: str
) -> None:
    file = write(tmp_path / "etc" / "config.yaml", data_dir + MINIMAL)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "link.yaml").symlink_to(file)
    expected = (tmp_path.resolve() / "etc" / place).resolve()
    assert load_config(Path("etc/config.yaml")).data_dir == expected
    monkeypatch.chdir(tmp_path / "elsewhere")
    for name in ("../etc/config.yaml", "link.yaml", str(file)):
        config = load_config(Path(name))
        assert config.data_dir == expected
        assert config.target == f"file://{expected}/lake"


def test_an_absolute_data_dir_is_taken_as_it_stands(tmp_path: Path) -> None:
    file = write(tmp_path / "etc" / "config.yaml", "data_dir: /srv/link/../data\n" + MINIMAL)
    assert load_config(file).data_dir == Path("/srv/link/../data")


def test_a_configuration_that_comes_through_a_pipe_has_its_data_below_the_current_directory(
    tmp_path: Path,
) -> None:
    read, write_end = os.pipe()
    os.write(write_end, MINIMAL.encode())
    os.close(write_end)
    assert load_config(Path(f"/dev/fd/{read}")).data_dir == tmp_path / "data"
    os.close(read)


def test_a_pipe_with_a_name_is_no_configuration_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.yaml")
    with pytest.raises(ConfigError, match="a pipe stands where a file is expected"):
        load_config(tmp_path / "config.yaml")


@pytest.mark.parametrize("place", ["/tables/synced", "/raw/ready", "", "/../data/tables/ready"])
def test_a_lake_among_the_files_that_retention_deletes_is_refused_with_its_line(
    tmp_path: Path, place: str
) -> None:
    text = f"{MINIMAL}data_dir: {tmp_path}/data\nsync:\n  target: file://{tmp_path}/data{place}\n"
    with pytest.raises(ConfigError) as caught:
        parse_config(text.encode(), "f")
    (problem,) = caught.value.problems
    assert str(problem).startswith("f:4 sync.target: ")
    assert f"Give the lake a directory of its own, for example file://{tmp_path}/data/lake." in problem.text
