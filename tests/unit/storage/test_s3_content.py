from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

import pytest

from daedalus.storage.s3_content import S3Content

MIB = 1 << 20


def content(path: Path, *, single_bytes: int = 64 * MIB) -> S3Content:
    return S3Content(open(path, "rb"), "s3://lake", single_bytes=single_bytes, part_bytes=5 * MIB)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(11 * MIB + 3))
    return path


def base64_of(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def composite(path: Path, algorithm: str) -> bytes:
    body = path.read_bytes()
    parts = [body[at : at + 5 * MIB] for at in range(0, len(body), 5 * MIB)]
    return hashlib.new(algorithm, b"".join(hashlib.new(algorithm, part).digest() for part in parts)).digest()


@pytest.mark.parametrize("single_bytes", [64 * MIB, 0])
def test_the_windows_together_are_the_file_and_can_be_read_again(path: Path, single_bytes: int) -> None:
    file = content(path, single_bytes=single_bytes)
    assert len(file.windows) == (3 if file.in_parts else 1)
    windows = file.windows
    assert b"".join(window.read() for window in windows) == path.read_bytes()
    for window in windows:
        window.seek(0)
    assert b"".join(window.read() for window in windows) == path.read_bytes()


def test_a_window_knows_its_length_as_a_client_measures_it(path: Path) -> None:
    window = content(path, single_bytes=0).windows[2]
    assert window.seek(0, os.SEEK_END) == MIB + 3
    assert window.seek(-3, os.SEEK_CUR) == MIB
    assert window.read(10) == path.read_bytes()[-3:]


def test_a_whole_file_is_proved_by_its_sha256_or_else_by_its_md5(path: Path) -> None:
    file = content(path)
    size = {"ContentLength": file.size}
    sha = base64_of(hashlib.sha256(path.read_bytes()).digest())
    md5 = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    assert file.agrees(size | {"ChecksumSHA256": sha, "ETag": '"whatever"'}) == "sha256"
    assert file.agrees(size | {"ChecksumSHA256": base64_of(b"x" * 32), "ETag": f'"{md5}"'}) == ""
    assert file.agrees(size | {"ETag": f'"{md5}"'}) == "md5"
    assert file.agrees(size | {"ETag": '"whatever"'}) is None
    assert file.agrees({"ContentLength": file.size - 1, "ChecksumSHA256": sha}) == ""


def test_a_file_in_parts_is_proved_by_the_digest_of_its_parts_digests(path: Path) -> None:
    file = content(path, single_bytes=0)
    size = {"ContentLength": file.size}
    assert file.agrees(size | {"ChecksumSHA256": f"{base64_of(composite(path, 'sha256'))}-3"}) == "sha256"
    assert file.agrees(size | {"ETag": f'"{composite(path, "md5").hex()}-3"'}) == "md5"


def test_a_checksum_over_other_parts_proves_nothing_either_way(path: Path) -> None:
    size = {"ContentLength": path.stat().st_size, "ETag": '"whatever"'}
    whole = base64_of(hashlib.sha256(path.read_bytes()).digest())
    assert content(path, single_bytes=0).agrees(size | {"ChecksumSHA256": whole}) is None
    assert content(path).agrees(size | {"ChecksumSHA256": f"{whole}-2"}) is None
    assert content(path, single_bytes=0).agrees(size | {"ChecksumSHA256": f"{whole}-2"}) is None
