"""A proxy of the environment that cannot work is told before anybody connects, without its password."""

from __future__ import annotations

from pathlib import Path

import pytest

from daedalus.config import ConfigError, load_config
from daedalus.config.proxies import wrong_proxies


@pytest.mark.parametrize(
    "proxies",
    [
        {},
        {"https": "http://proxy.lan:3128"},
        {"https": "http://user:pass%2Fword@proxy.lan:3128/", "http": "http://10.0.0.1"},
        {"ftp": "whatever:this:is", "all": "socks5://proxy.lan"},  # nothing of ours asks for these
        {"no": "*", "https": "proxy.lan:3128"},
    ],
)
def test_what_every_library_understands_is_accepted(proxies: dict[str, str]) -> None:
    assert wrong_proxies(proxies) == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("proxy.lan:3128", "does not begin with http://"),
        ("https://user:geheim@proxy.lan", "does not begin with http://"),
        ("socks5://user:geheim@proxy.lan", "SOCKS"),
        ("http://user:ge/heim@proxy.lan", "no port that is a number"),
        ("http://user:geheim@proxy.lan:99999", "no port that is a number"),
        ("http://", "names no host"),
        ("http://geheim@proxy.lan", "a user without a password"),
        ("http://user:geheim@proxy.lan/path", "has a path"),
    ],
)
def test_what_one_of_them_stumbles_over_is_told_without_the_password(url: str, said: str) -> None:
    (problem,) = wrong_proxies({"https": url})
    text = str(problem)
    assert text.startswith("the environment's HTTPS_PROXY: ")
    assert said in text
    assert "heim" not in text
    assert "http://USER:PASSWORD@HOST:PORT" in text


def test_a_wrong_proxy_is_an_error_of_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("exchanges: {binance: {symbols: [BTCUSDT]}}\n")
    monkeypatch.setenv("HTTPS_PROXY", "proxy.lan:3128")
    monkeypatch.delenv("https_proxy", raising=False)
    with pytest.raises(ConfigError, match=r"HTTPS_PROXY: does not begin with http://"):
        load_config(path)
