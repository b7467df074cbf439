"""A network whose only way out is an HTTP proxy: it works, it is gone for a while, it wants a password.

No host of these tests has an address that the recorder could find by itself, and all is TLS from end to end.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from faults.account import Close
from faults.certificates import Authority
from faults.exchange import Exchange, an_exchange
from faults.proxy import Proxy, a_proxy
from faults.recorder import PATIENCE, Tried
from faults.relay import Relay, a_relay
from faults.uploading import into, lake, syncing, tables
from support.processes import wait_until
from support.s3_server import S3Server

HOST = "exchange.invalid"
PASSWORD = "of-this-office-alone"


@pytest.fixture
def relay(exchange: Exchange, authority: Authority) -> Iterator[Relay]:
    with a_relay(exchange.port, authority.server("exchange", HOST)) as made:
        yield made


@pytest.fixture
def recorder(tmp_path: Path, relay: Relay, recorders: list[Tried]) -> Tried:
    made = Tried(tmp_path / "recorder", relay.port)
    made.look_for(HOST, relay.port, tls=True)
    recorders.append(made)
    return made


def through(proxy: Proxy, authority: Authority) -> dict[str, str]:
    """The environment of a process in such a network."""
    plain = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    trust = {"SSL_CERT_FILE": str(authority.file), "AWS_CA_BUNDLE": str(authority.file)}
    return {**plain, **trust, "HTTPS_PROXY": proxy.url}


def test_websockets_and_rest_go_through_a_proxy_that_goes_away_and_comes_back(
    exchange: Exchange, relay: Relay, authority: Authority, recorder: Tried, close_account: Close, long: bool
) -> None:
    rounds = 3 if long else 1
    with a_proxy() as proxy:
        began = time.time_ns()
        recorder.start(environment=through(proxy, authority))
        recorder.until_recording(began)
        for _ in range(rounds):
            said = recorder.log_text().count("Connection refused")
            proxy.refuse()
            recorder.until_said("Connection refused", more_than=said)
            proxy.listen()
            recorder.until_recording(time.time_ns())
        recorder.stop()
    assert set(proxy.asked) == {f"{HOST}:{relay.port}"}
    assert relay.taken == len(proxy.asked)
    assert "Traceback" not in recorder.log_text()
    assert [row for row in recorder.messages() if row["kind"] == "snapshot"], "nothing came over REST"
    account = close_account("the proxy is gone, then back", exchange, recorder, rounds=rounds)
    assert account.causes.keys() <= {"disconnect"}


def test_a_proxy_that_answers_407_is_told_without_the_password_and_asked_again(
    exchange: Exchange, authority: Authority, recorder: Tried, close_account: Close
) -> None:
    with a_proxy(PASSWORD) as proxy:
        environment = through(proxy, authority)
        proxy.password = "another one"
        recorder.start(environment=environment)
        recorder.until_said("HTTP 407")
        assert "the proxy answers 407" in recorder.log_text()  # of REST
        proxy.password = PASSWORD
        recorder.until_recording(time.time_ns())
        said = recorder.log_text().count("HTTP 407")
        proxy.password = "yet another one"
        proxy.reset()
        recorder.until_said("HTTP 407", more_than=said)
        proxy.password = PASSWORD
        recorder.until_recording(time.time_ns())
        assert proxy.taken < 60, "the proxy was hammered"
        recorder.stop()
    assert PASSWORD not in recorder.log_text()
    assert "Traceback" not in recorder.log_text()
    account = close_account("the proxy answers with 407", exchange, recorder, rounds=2)
    assert account.causes.keys() <= {"disconnect"}


def test_sync_goes_through_a_proxy_and_waits_for_one_that_refuses_or_is_gone(
    tmp_path: Path, store: S3Server, authority: Authority, recorders: list[Tried], measured: Any
) -> None:
    bucket = store.new_bucket("proxied")
    with an_exchange() as exchange:
        recorder = Tried(tmp_path / "recorder", exchange.port)
        recorders.append(recorder)
        recorder.round()
        recorder.stop()
    assert recorder.run_worker("normalize", "--once") == 0
    expected = tables(recorder, "ready")
    with a_relay(store.port, authority.server("store", "store.invalid")) as relay, a_proxy(PASSWORD) as proxy:
        url = f"https://store.invalid:{relay.port}"
        recorder.settings["sync"] = into(store, bucket, endpoint_url=url, interval_seconds=1)
        recorder.write_config()
        environment = through(proxy, authority)

        def until_noted(text: str) -> None:
            status = recorder.data / "status" / "sync.json"
            wait_until(
                lambda: status.exists() and text in status.read_text(), PATIENCE, f"“{text}” in the status"
            )

        proxy.password = "another one"
        with syncing(recorder, environment):
            until_noted("the proxy of the environment refuses with HTTP 407")
            assert tables(recorder, "ready") == expected
            proxy.refuse()
            proxy.password = PASSWORD
            until_noted("the proxy of the environment cannot be reached")
            proxy.listen()
            wait_until(lambda: not tables(recorder, "ready"), PATIENCE, "all files")
        assert proxy.asked
        assert relay.taken == len(proxy.asked)
    assert lake(store, bucket) == expected
    assert PASSWORD not in recorder.log_text()
    assert "Traceback" not in recorder.log_text()
    measured("upload: the proxy answers with 407, is gone, is back", rounds=2, lake_files=len(expected))
