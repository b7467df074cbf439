"""A lake as it lies there: what cannot be read of it, and a store that echoes what it was asked."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from support.lake_workbench import Recording, audited, files

from daedalus.lake import Lake, open_lake
from daedalus.lake.audit import audit
from daedalus.lake.books import NoBookError, book_at
from daedalus.lake.merge import merge
from daedalus.storage import StorageSettings, TargetError, TargetErrorKind

ACCESS, SECRET = "AKIAOFTHETEST", "secret-of-the-test"


class Store(BaseHTTPRequestHandler):
    """Lists what is in ``objects`` and refuses the rest, with the request's own headers as its reason.

    ``root``: the folder whose files it gives, if any.
    """

    objects: ClassVar[dict[str, int]] = {}
    root: ClassVar[Path | None] = None
    code = "AccessDenied"
    status = 403

    def do_GET(self) -> None:
        prefix = parse_qs(urlsplit(self.path).query).get("prefix", [""])[0]
        if "list-type" in self.path and self.objects:
            found = "".join(
                f"<Contents><Key>{key}</Key><Size>{size}</Size></Contents>"
                for key, size in self.objects.items()
                if key.startswith(prefix)
            )
            self._answer(200, f"<ListBucketResult><KeyCount>1</KeyCount>{found}</ListBucketResult>")
        elif self.root is not None and "list-type" not in self.path:
            whole = (self.root / unquote(urlsplit(self.path).path).removeprefix("/bucket/lake/")).read_bytes()
            first, _, last = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
            part = whole[int(first) : int(last or len(whole)) + 1]
            self._answer(206, part)
        else:
            echo = f"{self.headers['Authorization']} {self.headers['X-Amz-Security-Token']}"
            self._answer(
                self.status, f"<Error><Code>{self.code}</Code><Message>you sent {echo}</Message></Error>"
            )

    def do_HEAD(self) -> None:
        size = self.objects.get(unquote(urlsplit(self.path).path).removeprefix("/bucket/"))
        self._answer(404 if size is None else 200, "x" * (size or 0))

    def _answer(self, status: int, body: str | bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body.encode() if isinstance(body, str) else body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def store() -> Iterator[type[Store]]:
    class Own(Store):
        pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Own)
    Thread(target=server.serve_forever, daemon=True).start()
    Own.server_port = server.server_address[1]  # type: ignore[attr-defined]
    yield Own
    server.shutdown()


def lake_of(store: type[Store]) -> Lake:
    endpoint = f"http://127.0.0.1:{store.server_port}"  # type: ignore[attr-defined]
    keys = {"access_key": ACCESS, "secret_key": SECRET}
    return open_lake(
        StorageSettings(target="s3://bucket/lake", endpoint_url=endpoint, region="us-east-1", **keys)
    )


def objects(root: Path) -> dict[str, int]:
    return {
        f"lake/{path.relative_to(root).as_posix()}": path.stat().st_size for path in files(root, "trades")
    }


@pytest.mark.server
def test_a_lake_in_a_store_is_audited_as_one_in_a_folder(store: type[Store], tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.trades(range(1000))
    store.root = recording.seal()
    store.objects = objects(store.root)
    report = audit(lake_of(store))
    assert report.agrees, report.findings
    assert report.streams == audited(store.root).streams


def silent(error: BaseException) -> None:
    told = f"{error} {error!r}"
    assert not re.search(f"{ACCESS}|{SECRET}|Signature|Credential=", told), told


@pytest.mark.server
@pytest.mark.parametrize("code", ["AccessDenied", "Weird", "NoSuchBucket", "InvalidAccessKeyId"])
def test_a_listing_that_is_refused_is_told_in_our_words(store: type[Store], code: str) -> None:
    store.code, store.status = code, 404 if code == "NoSuchBucket" else 400
    with pytest.raises(TargetError, match=code) as refused:
        lake_of(store).listing()
    silent(refused.value)


@pytest.mark.server
def test_a_file_that_the_store_refuses_is_not_called_damaged(store: type[Store], tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.trades(range(10))
    root = recording.seal()
    store.objects = objects(root)
    lake = lake_of(store)
    (file,) = lake.listing().files
    with pytest.raises(TargetError) as refused:
        list(lake.batches(file))
    assert refused.value.kind is TargetErrorKind.DENIED
    silent(refused.value)


def test_a_pipe_in_a_lake_is_a_finding(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.trades(range(10))
    lake = recording.seal()
    (path,) = files(lake, "trades")
    path.unlink()
    os.mkfifo(path)
    (finding,) = (each for each in audited(lake).findings if each.kind == "unreadable")
    assert (Path(finding.where).name, finding.text) == (path.name, "no plain file")
    with pytest.raises(NoBookError, match="no plain file"):
        book_at(lake, "binance", "A", "2026-09-22T00:00:20")
    with pytest.raises(TargetError, match="no plain file"):
        merge(
            open_lake(StorageSettings(target=str(lake))), open_lake(StorageSettings(target=str(lake))), None
        )  # type: ignore[arg-type]


def test_a_lake_without_tables_is_not_merged(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.trades(range(10))
    (tmp_path / "empty").mkdir()
    lakes = [open_lake(StorageSettings(target=str(each))) for each in (recording.seal(), tmp_path / "empty")]
    with pytest.raises(TargetError, match="no file of a table is there"):
        merge(*lakes, None)  # type: ignore[arg-type]
