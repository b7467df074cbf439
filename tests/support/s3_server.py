"""A real S3 server on loopback, SeaweedFS, which a test can stop and start again."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import s3fs
from botocore.exceptions import BotoCoreError

from daedalus.sync import SyncSettings

__all__ = ["ACCESS_KEY", "SECRET_KEY", "S3Server", "weed_binary"]

ACCESS_KEY = "RECORDERSKEY"
SECRET_KEY = "kept/only+inThisServersMemory"
START_SECONDS = 60.0
_PORTS = ("master", "volume", "filer", "s3")


def weed_binary() -> Path | None:
    """The server's binary of the dev extra; None where it is not installed."""
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.exists() else shutil.which("weed")
    return Path(found) if found else None


class S3Server:
    """One server with its own data folder and ports. Ports stay the same over a restart.

    ``more``: further arguments of the server.
    """

    def __init__(self, binary: Path, folder: Path, *more: str) -> None:
        self._binary = binary
        self._more = more
        self._folder = folder
        self._ports = dict(zip((*_PORTS, *(f"{name}.grpc" for name in _PORTS)), _free_ports(8), strict=True))
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "data").mkdir(parents=True)
        identity = {
            "name": "recorder",
            "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))

    @property
    def port(self) -> int:
        return self._ports["s3"]

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def storage_options(self) -> dict[str, Any]:
        """What an independent s3fs needs to reach the server."""
        return {
            "key": ACCESS_KEY,
            "secret": SECRET_KEY,
            "endpoint_url": self.endpoint_url,
            "client_kwargs": {"region_name": "us-east-1"},
        }

    def settings(self, bucket: str, **changes: object) -> SyncSettings:
        """What sync needs to fill ``s3://<bucket>/a/lake`` on this server."""
        known: dict[str, object] = {
            "target": f"s3://{bucket}/a/lake",
            "endpoint_url": self.endpoint_url,
            "access_key": ACCESS_KEY,
            "secret_key": SECRET_KEY,
            "region": "us-east-1",
        }
        return msgspec.convert(known | changes, SyncSettings)

    def filesystem(self) -> s3fs.S3FileSystem:
        """A client of its own, without caches, to look at what was stored."""
        options = self.storage_options()
        return s3fs.S3FileSystem(**options, skip_instance_cache=True, use_listings_cache=False)

    def start(self) -> None:
        """Start where it does not run, and return when it takes an object."""
        if self._process is not None:
            return
        arguments = [
            str(self._binary),
            "-logtostderr",
            "server",
            f"-dir={self._folder / 'data'}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-master.volumeSizeLimitMB=64",
            "-volume.max=1000",
            "-master.electionTimeout=1s",
            "-master.heartbeatInterval=100ms",
            "-s3",
            f"-s3.config={self._folder / 's3.json'}",
            "-s3.autoCreateBucket=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            *self._more,
        ]
        for name, port in self._ports.items():
            role, _, grpc = name.partition(".")
            arguments.append(f"-{role}.port{'.grpc' if grpc else ''}={port}")
        with open(self._folder / "server.log", "ab") as log:
            self._process = subprocess.Popen(arguments, stdout=log, stderr=log, cwd=self._folder)
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        probe = f"probe-{time.time_ns()}"
        # A server that starts may take a connection and never answer on it.
        once = {"retries": {"total_max_attempts": 1}, "connect_timeout": 5, "read_timeout": 10}
        filesystem = s3fs.S3FileSystem(**self.storage_options(), config_kwargs=once, skip_instance_cache=True)
        filesystem.retries = 1
        while True:
            try:
                filesystem.call_s3("create_bucket", Bucket=probe)
                filesystem.call_s3("put_object", Bucket=probe, Key="probe", Body=b"probe")
            except FileExistsError:
                filesystem.call_s3("put_object", Bucket=probe, Key="probe", Body=b"probe")
            except (OSError, BotoCoreError):
                if self._process is None or self._process.poll() is not None:
                    log = (self._folder / "server.log").read_text(errors="replace")
                    raise RuntimeError(f"the S3 server did not start:\n{log[-2000:]}") from None
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            else:
                return

    def kill(self) -> None:
        """End it as a power cut would; what it has acknowledged is in its folder."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def new_bucket(self, name: str) -> str:
        """Make an empty bucket of this name."""
        self.filesystem().call_s3("create_bucket", Bucket=name)
        return name


def _free_ports(count: int) -> list[int]:
    """Ports that are free now; all are held until the last is found, so that none comes twice."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
