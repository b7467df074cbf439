"""Alerts through apprise to a real webhook."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from faults.disks import a_disk

from daedalus.config import Config
from daedalus.watchdog import report_failure, send_test
from daedalus.watchdog.alerts import Alerts, ping

pytestmark = pytest.mark.server

if TYPE_CHECKING:
    from .conftest import Webhook

DEAD = "json://127.0.0.1:9/hunter2hunter2"


def test_an_alert_arrives_with_its_title_text_and_kind(webhook: Webhook) -> None:
    alerts = Alerts([f"json://127.0.0.1:{webhook.port}/key"])
    assert alerts.send("daedalus on pi: trouble", "- disk full\n- 2 °C", critical=True)
    (alert,) = webhook.alerts
    assert (alert["title"], alert["message"]) == ("daedalus on pi: trouble", "- disk full\n- 2 °C")
    assert alert["type"] == "failure"
    assert (alerts.sent, alerts.failed) == (1, 0)


def test_a_service_that_fails_does_not_keep_the_others_from_it_and_no_key_is_logged(
    webhook: Webhook, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    alerts = Alerts([DEAD, "nosuch://hunter2hunter2", f"json://127.0.0.1:{webhook.port}"])
    assert alerts.send("t", "b")
    assert len(webhook.alerts) == 1
    assert "alerts.urls[0] did not take an alert" in caplog.text
    assert "alerts.urls[1] is not a URL that apprise knows" in caplog.text
    assert "hunter2" not in caplog.text + "".join(capfd.readouterr())


def test_what_no_service_took_has_failed(caplog: pytest.LogCaptureFixture) -> None:
    alerts = Alerts([DEAD])
    assert not alerts.send("t", "b")
    assert (alerts.sent, alerts.failed) == (0, 1)


def test_without_a_service_there_is_nothing_to_deliver() -> None:
    assert Alerts([]).send("t", "b")


@pytest.fixture
def dripping() -> Iterator[str]:
    """The address of a service that answers byte by byte and never comes to an end."""
    over = threading.Event()
    held: list[socket.socket] = []

    def serve(server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                held.append(server.accept()[0])
                threading.Thread(target=drip, args=(held[-1],), daemon=True).start()

    def drip(client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while not over.wait(0.1):
                client.sendall(b"H")

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        over.set()
        server.shutdown(socket.SHUT_RDWR)
    for client in held:
        client.close()


@pytest.mark.parametrize("first", [True, False])
def test_a_service_that_hangs_neither_stops_nor_repeats_the_others_and_is_the_one_blamed(
    webhook: Webhook, dripping: str, caplog: pytest.LogCaptureFixture, first: bool
) -> None:
    urls = [f"json://{dripping}/hunter2", f"json://127.0.0.1:{webhook.port}", f"json://{dripping}/again"]
    alerts = Alerts(urls if first else [urls[1], urls[0]], seconds=4.0)
    began = time.monotonic()
    assert alerts.send("t", "b")
    assert time.monotonic() - began < 60
    assert len(webhook.alerts) == 1
    assert alerts.taken == 1
    blamed = {position for position in range(3) if f"alerts.urls[{position}]" in caplog.text}
    assert blamed == ({0, 2} if first else {1})
    assert "did not answer within 4 s" in caplog.text
    assert "hunter2" not in caplog.text


def test_a_dead_mans_switch_that_never_ends_its_answer_holds_nobody_up(
    dripping: str, caplog: pytest.LogCaptureFixture
) -> None:
    began = time.monotonic()
    assert not ping(f"http://{dripping}/", seconds=0.5)
    assert time.monotonic() - began < 30
    assert "no answer within" in caplog.text


def test_the_dead_mans_switch_is_reached_or_not(webhook: Webhook, caplog: pytest.LogCaptureFixture) -> None:
    assert ping(f"http://127.0.0.1:{webhook.port}/uuid-1")
    assert webhook.pings == ["/uuid-1"]
    assert not ping("http://127.0.0.1:9/uuid-2")
    assert "alerts.dead_mans_ping could not be reached" in caplog.text
    assert "uuid-2" not in caplog.text


def test_a_test_alert_says_whether_everyone_took_it(
    webhook: Webhook, configured: Callable[..., Config], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert send_test(configured())
    webhook.refuses = True
    assert not send_test(configured())
    assert len(webhook.alerts) == 1


def test_a_unit_that_fails_again_and_again_is_told_once_an_hour(
    webhook: Webhook, configured: Callable[..., Config]
) -> None:
    config = configured()
    webhook.refuses = True
    assert not report_failure(config, "daedalus-ingest@binance.service")
    webhook.refuses = False
    for unit in ["daedalus-ingest@binance.service"] * 3 + ["../../evil"]:
        assert report_failure(config, unit)
    assert [alert["message"].split()[0] for alert in webhook.alerts] == [
        "daedalus-ingest@binance.service",
        "../../evil",
    ]
    assert sorted(path.name for path in (config.data_dir / "status").iterdir()) == [
        "..._.._evil.reported",
        ".daedalus-ingest@binance.service.reported",
    ]


def test_a_unit_that_fails_on_a_disk_that_is_read_only_is_told_once_an_hour_too(
    tmp_path: Path, webhook: Webhook, configured: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run").mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "run"))
    with a_disk(tmp_path, 16) as disk:
        disk.remount("ro")
        config = configured().model_copy(update={"data_dir": disk.folder / "data"})
        for _ in range(3):
            assert report_failure(config, "daedalus-sync.service")
    assert len(webhook.alerts) == 1
