"""Finds and reads the configuration, and adds secrets from outside the file.

A secret comes from the file, else from a systemd credential, else from the environment.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import ValidationError

from ..store.lake_place import clash
from ..store.regular_files import open_regular
from .document import parse
from .explain import explain
from .model import Config, Origin
from .problems import ConfigError, Problem
from .proxies import wrong_proxies

__all__ = ["SEARCHED", "find_config", "load_config", "parse_config"]

SEARCHED = (Path("config/config.yaml"), Path("/etc/daedalus/config.yaml"))
"""Where a configuration is looked for if none is named, in this order."""

LARGEST_BYTES = 1_000_000

_HANDED_OVER = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")
"""A pipe below these paths is open already; opening any other pipe could block for ever."""

_SECRETS = {
    "access_key": ("s3_access_key", "DAEDALUS_S3_ACCESS_KEY"),
    "secret_key": ("s3_secret_key", "DAEDALUS_S3_SECRET_KEY"),
}
_ALERT_URLS = ("alert_urls", "DAEDALUS_ALERT_URLS")


def find_config(path: Path | None = None) -> Path:
    """The file to use: ``path``, else the one that DAEDALUS_CONFIG names, else the first of `SEARCHED`.

    Raises `ConfigError` with all places looked at if there is none.
    """
    named = os.environ.get("DAEDALUS_CONFIG", "")
    wanted = [path] if path is not None else [Path(named)] if named else list(SEARCHED)
    for candidate in wanted:
        if _may_be_there(candidate):
            return candidate
    looked = ", ".join(str(candidate) for candidate in wanted)
    source = "DAEDALUS_CONFIG names it. " if path is None and named else ""
    remedy = "Write one: cp config/config.examples.yaml config/config.yaml"
    raise ConfigError([Problem(looked, 0, (), f"there is no configuration here. {source}{remedy}")])


def load_config(path: Path | None = None) -> Config:
    """Find and read the configuration; a relative ``data_dir`` starts at the directory of the file.

    Raises `ConfigError` with everything that is wrong in the file, or in a proxy that the environment names.
    """
    found = find_config(path)
    content = _read(found)
    # Resolved, so that data_dir is the same whatever link the file is read by.
    file = found.resolve()
    config = parse_config(content, str(found), file.parent if file.is_file() else Path.cwd())
    if problems := wrong_proxies():
        raise ConfigError(problems)
    return config.of(Origin(file, config.origin.written))


def parse_config(content: bytes, file: str, base: Path | None = None) -> Config:
    """Read the bytes of a configuration.

    ``file``: its name in messages. ``base``: where a relative ``data_dir`` starts; None leaves it relative.
    """
    document = parse(_text(content, file), file)
    if document.value is None:
        problem = "the file is empty. Write at least exchanges: {binance: {symbols: [BTCUSDT]}}."
        raise ConfigError([Problem(file, 1, (), problem)])
    if not isinstance(document.value, dict):
        found = "a list" if isinstance(document.value, list) else "a single value"
        problem = f"expected a mapping at the top, got {found}. Write exchanges: without a dash."
        raise ConfigError([Problem(file, document.line(()), (), problem)])
    try:
        config = Config.model_validate(_with_secrets(document.value))
    except ValidationError as error:
        raise ConfigError(explain(error, document)) from None
    config = config if base is None else config.below(base)
    if wrong := clash(config.data_dir, config.target):
        path = ("sync", "target") if config.sync.target else ("data_dir",)
        raise ConfigError([Problem(file, document.line(path), path, wrong)])
    return config.of(Origin(None, document.value))


def _may_be_there(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # it exists; reading it will tell why it is not accessible
        return True
    return True


def _read(path: Path) -> bytes:
    file = str(path)
    if path.is_dir():
        raise ConfigError([Problem(file, 0, (), "this is a directory. Name the file in it.")])
    try:
        with open(path, "rb") if file.startswith(_HANDED_OVER) else open_regular(path, follow=True) as stream:
            content = stream.read(LARGEST_BYTES + 1)
    except OSError as error:
        remedy = " Run as a user who may read it." if isinstance(error, PermissionError) else ""
        raise ConfigError([Problem(file, 0, (), f"cannot be read: {error.strerror}.{remedy}")]) from None
    if len(content) > LARGEST_BYTES:
        problem = "larger than 1 MB, which is too large for a configuration. Is this the right file?"
        raise ConfigError([Problem(file, 0, (), problem)])
    return content


def _text(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = f"byte {content[error.start]:#04x} is not UTF-8. Save the file as UTF-8."
        raise ConfigError([Problem(file, line, (), problem)]) from None


def _with_secrets(value: dict[str, object]) -> dict[str, object]:
    """The values of the file, completed with the keys to the lake and the alert URLs from outside."""
    sync = value.get("sync") or {}
    if not isinstance(sync, dict):
        return value  # the model refuses it
    found = {key: _outside(*names) for key, names in _SECRETS.items() if sync.get(key) is None}
    value = {**value, "sync": {**sync, **{key: secret for key, secret in found.items() if secret}}}
    return _with_alert_urls(value)


def _with_alert_urls(value: dict[str, object]) -> dict[str, object]:
    alerts = value.get("alerts") or {}
    if not isinstance(alerts, dict) or alerts.get("urls"):
        return value
    urls = _outside(*_ALERT_URLS).split()
    return {**value, "alerts": {**alerts, "urls": urls}} if urls else value


def _outside(credential: str, variable: str) -> str:
    """A secret from systemd's credentials or the environment; "" if there is none."""
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    if directory:
        path = Path(directory, credential)
        try:
            with open_regular(path, follow=True) as file:
                return file.read().decode("utf-8").strip()
        except FileNotFoundError:
            pass
        except (OSError, UnicodeDecodeError):
            problem = "the credential cannot be read as UTF-8 text. Check LoadCredential= of the service."
            raise ConfigError([Problem(str(path), 0, (), problem)]) from None
    return os.environ.get(variable, "").strip()
