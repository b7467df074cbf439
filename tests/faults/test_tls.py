"""TLS: whoever cannot prove to be the exchange, or the store, gets nothing and gives nothing."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import pytest
from faults.account import Close
from faults.certificates import Authority
from faults.exchange import Exchange
from faults.recorder import Tried
from faults.relay import a_relay
from support.sync_workbench import fill, waiting

from daedalus.store.layout import Layout
from daedalus.sync import SyncSettings, sync_once


def recorder_of(folder: Path, port: int, recorders: list[Tried]) -> Tried:
    recorder = Tried(folder / "recorder", port)
    recorder.look_for("localhost", port, tls=True)
    recorders.append(recorder)
    return recorder


def impostor(kind: str, authority: Authority, folder: Path) -> ssl.SSLContext:
    if kind == "expired":
        return authority.server("expired", days=(-30, -1))
    if kind == "not yet valid":
        return authority.server("early", days=(1, 30))
    if kind == "another name":
        return authority.server("other", "example.org")
    return Authority(folder / "nobody").server("unknown")


KINDS = {
    "expired": "certificate has expired",
    "not yet valid": "certificate is not yet valid",
    "another name": "Hostname mismatch",
    "unknown authority": "unable to get local issuer certificate",
}


@pytest.mark.parametrize(
    "kind", [pytest.param(each, marks=() if each == "expired" else pytest.mark.long) for each in KINDS]
)
def test_a_exchange_that_cannot_prove_who_it_is_is_not_recorded_and_told_why(
    tmp_path: Path, exchange: Exchange, authority: Authority, recorders: list[Tried], kind: str
) -> None:
    with a_relay(exchange.port, impostor(kind, authority, tmp_path)) as relay:
        recorder = recorder_of(tmp_path, relay.port, recorders)
        recorder.start(environment={**os.environ, "SSL_CERT_FILE": str(authority.file)})
        recorder.until_said(KINDS[kind])
        recorder.stop()
    assert recorder.messages() == []
    assert exchange.sent() == []
    assert "Traceback" not in recorder.log_text()


def test_a_exchange_with_the_right_certificate_is_recorded_over_tls(
    tmp_path: Path, exchange: Exchange, authority: Authority, recorders: list[Tried], close_account: Close
) -> None:
    with a_relay(exchange.port, authority.server("good")) as relay:
        recorder = recorder_of(tmp_path, relay.port, recorders)
        recorder.start(environment={**os.environ, "SSL_CERT_FILE": str(authority.file)})
        recorder.until("messages", 200)
        recorder.until("durable_ns", 1)
        recorder.stop()
        account = close_account("over TLS", exchange, recorder)
    assert account.told == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_store_that_cannot_prove_who_it_is_gets_no_file_and_no_key(
    tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.file))
    layout = Layout(tmp_path / "data")
    expected = fill(layout, count=1)
    with a_relay(9, impostor(kind, authority, tmp_path)) as relay:
        settings = SyncSettings(
            target="s3://lake/market",
            endpoint_url=f"https://localhost:{relay.port}",
            access_key="AKIANOBODY",
            secret_key="not/for/anybody",
            region="us-east-1",
        )
        report = sync_once(layout, settings)
    assert report.failures
    assert report.uploaded_files == 0
    assert "ertificate" in report.error
    assert waiting(layout) == expected
