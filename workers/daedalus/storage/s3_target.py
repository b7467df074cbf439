"""A lake in an S3 bucket: AWS, or any store with its protocol.

Invariants: an upload carries its checksum, so that a store that supports it refuses damaged bytes; afterwards
the store is asked what it holds. Memory does not grow with the file's size. Only the client holds the
credentials, and no message contains them.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import time
from collections.abc import Coroutine, Mapping
from pathlib import Path
from threading import Event, Lock
from typing import Any, BinaryIO, TypeVar

import aiohttp
from botocore.exceptions import BotoCoreError, ClientError

from .errors import StoppedError, TargetError, TargetErrorKind
from .s3_client import s3_filesystem
from .s3_content import S3Content, Window
from .s3_errors import error_code, from_s3_error
from .settings import StorageSettings, public_url
from .target import CHUNK_BYTES, Outcome, Receipt, mismatch, open_source

__all__ = ["S3Target"]

log = logging.getLogger(__name__)
_T = TypeVar("_T")

SINGLE_BYTES = 64 << 20  # above, repeating a whole broken upload costs too much
PART_BYTES = 16 << 20  # a power of two of chunks; 10,000 parts reach 160 GB
STALL_SECONDS = 120.0  # on a dead link the kernel would wait a quarter of an hour
POLL_SECONDS = 0.25


class S3Target:
    """A `Target` below ``s3://bucket/prefix``."""

    def __init__(
        self, settings: StorageSettings, *, single_bytes: int = SINGLE_BYTES, part_bytes: int = PART_BYTES
    ) -> None:
        self.url = public_url(settings.target).rstrip("/")
        bucket, _, prefix = self.url.partition("://")[2].partition("/")
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._endpoint = public_url(settings.endpoint_url or f"s3.{settings.region or 'amazonaws.com'}")
        self._single_bytes = single_bytes
        self._part_bytes = part_bytes
        # Until the store refuses them: it may support them in questions and not in uploads, or the reverse.
        self._sends_checksums = True
        self._asks_checksums = True
        self._settings = settings
        self._fs = s3_filesystem(settings)
        self._refused = False
        self._renewing = Lock()

    mark = None

    def check(self) -> None:
        self._renew()
        listing = self._call("list_objects_v2", self._prefix, Prefix=self._prefix, MaxKeys=1)
        try:
            self._run(listing, None)
        except TargetError as error:
            if error.kind is not TargetErrorKind.DENIED:  # the user may be allowed to write and not to list
                raise

    def has(self, key: str) -> bool:
        self._renew()
        return self._head(key, None, may_be_denied=False) is not None

    def put(self, source: Path, key: str, stop: Event | None = None) -> Receipt:
        self._renew()
        with open_source(source, self.url) as file:
            content = self._content(file, stop)
            there = self._head(key, stop)
            if there is not None and (proof := self._proof(content, file, key, there, stop)):
                return Receipt(key, content.size, Outcome.UNCHANGED, proof)
            self._send(content, key, stop)
            head = self._head(key, stop, may_be_denied=False)
            if head is None:
                raise mismatch(self.url, key, "there is no such object")
            proof = self._proof(content, file, key, head, stop)
            if not proof:
                raise mismatch(self.url, key, f"it has {head['ContentLength']} bytes of another content")
        return Receipt(key, content.size, Outcome.REPLACED if there else Outcome.UPLOADED, proof)

    def holds(self, source: Path, key: str) -> bool:
        with open_source(source, self.url) as file:
            head = self._head(key, None)
            return head is not None and bool(self._proof(self._content(file, None), file, key, head, None))

    def _content(self, file: BinaryIO, stop: Event | None) -> S3Content:
        return S3Content(
            file, self.url, single_bytes=self._single_bytes, part_bytes=self._part_bytes, stop=stop
        )

    def _send(self, content: S3Content, key: str, stop: Event | None) -> None:
        checksums = self._sends_checksums
        try:
            self._send_once(content, key, stop, checksums)
        except _ChecksumsUnknownError:
            self._send_once(content, key, stop, False)
            if self._sends_checksums:
                log.info("%s does not support SHA-256 checksums; using MD5 instead", self.url)
            self._sends_checksums = False

    def _send_once(self, content: S3Content, key: str, stop: Event | None, checksums: bool) -> None:
        windows = content.windows
        checks = _checks(content, checksums)
        if not content.in_parts:
            put = self._call("put_object", key, Key=self._prefix + key, Body=windows[0], **checks[0])
            self._run(put, stop, windows[0])
            return
        upload_id = self._begin_parts(key, stop, checksums)
        at = {"Key": self._prefix + key, "UploadId": upload_id}
        try:
            parts = []
            for number, (window, check) in enumerate(zip(windows, checks, strict=True), 1):
                part = self._call("upload_part", key, **at, PartNumber=number, Body=window, **check)
                answer = self._run(part, stop, window)
                check.pop("ContentMD5", None)
                parts.append({"PartNumber": number, "ETag": answer["ETag"], **check})
            whole = {"Parts": parts}
            self._run(self._call("complete_multipart_upload", key, **at, MultipartUpload=whole), stop)
        except (TargetError, _ChecksumsUnknownError):
            # Not after a stop, which leaves no time for it: the next attempt aborts the upload.
            with contextlib.suppress(TargetError):
                self._run(self._call("abort_multipart_upload", key, **at), stop)
            raise

    def _begin_parts(self, key: str, stop: Event | None, checksums: bool) -> str:
        at = self._prefix + key
        # A store keeps, and bills, the parts of a killed upload until it is aborted.
        with contextlib.suppress(TargetError):
            listing = self._run(self._call("list_multipart_uploads", key, Prefix=at), stop)
            for left in listing.get("Uploads", ()):
                if left["Key"] == at:
                    self._run(
                        self._call("abort_multipart_upload", key, Key=at, UploadId=left["UploadId"]), stop
                    )
        algorithm = {"ChecksumAlgorithm": "SHA256"} if checksums else {}
        return str(
            self._run(self._call("create_multipart_upload", key, Key=at, **algorithm), stop)["UploadId"]
        )

    def _proof(
        self, content: S3Content, file: BinaryIO, key: str, head: dict[str, Any], stop: Event | None
    ) -> str:
        """What proves that the object has the file's content; "" if it has not."""
        proof = content.agrees(head)
        if proof is None:
            return "read back" if self._run(self._compare(file, key), stop) else ""
        return proof

    def _head(self, key: str, stop: Event | None, *, may_be_denied: bool = True) -> dict[str, Any] | None:
        try:
            return self._ask_head(key, stop)
        except _AbsentError:
            return None
        except TargetError as error:
            # Without the permission to list, a store answers "denied" for an object that does not exist.
            if error.kind is TargetErrorKind.DENIED and may_be_denied:
                return None
            raise

    def _ask_head(self, key: str, stop: Event | None) -> dict[str, Any]:
        at = self._prefix + key
        if self._asks_checksums:
            try:
                return dict(self._run(self._call("head_object", key, Key=at, ChecksumMode="ENABLED"), stop))
            except _ChecksumsUnknownError:
                pass
        try:
            answer = dict(self._run(self._call("head_object", key, Key=at), stop))
        except _AbsentError:
            self._asks_checksums = False  # it answers the question without them
            raise
        self._asks_checksums = False
        return answer

    def _renew(self) -> None:
        """After the store refused our credentials, make a new client, which reads them again."""
        with self._renewing:
            if self._refused:
                self._fs, self._refused = s3_filesystem(self._settings), False

    async def _compare(self, file: BinaryIO, key: str) -> bool:
        answer = await self._call("get_object", key, Key=self._prefix + key)
        file.seek(0)
        async with answer["Body"] as body:
            while chunk := await body.read(CHUNK_BYTES):
                if file.read(len(chunk)) != chunk:
                    return False
        return not file.read(1)

    async def _call(self, method: str, place: str, **arguments: Any) -> dict[str, Any]:
        try:
            client = await self._fs.set_session()
            answer: dict[str, Any] = await getattr(client, method)(Bucket=self._bucket, **arguments)
            return answer
        except ClientError as error:
            if method == "head_object" and error_code(error) in ("404", "NoSuchKey"):
                raise _AbsentError from None
            # Judged by this request: another one may have learned meanwhile that they are not supported.
            if _carries_checksums(arguments) and _may_not_know_them(error):
                raise _ChecksumsUnknownError from None
            # From None: the store's text may repeat parts of the request.
            raise self._target_error(error, place) from None
        except (BotoCoreError, aiohttp.ClientError, OSError, TimeoutError, RecursionError) as error:
            raise self._target_error(error, place) from None

    def _target_error(self, error: BaseException, place: str) -> TargetError:
        found = from_s3_error(error, self.url, self._endpoint, place)
        if found.kind is TargetErrorKind.CREDENTIALS:
            self._refused = True
        return found

    def _run(self, call: Coroutine[Any, Any, _T], stop: Event | None, body: Window | None = None) -> _T:
        future = asyncio.run_coroutine_threadsafe(call, self._fs.loop)
        while not concurrent.futures.wait([future], timeout=POLL_SECONDS).done:
            if stop is not None and stop.is_set():
                future.cancel()
                raise StoppedError
            if body is not None and time.monotonic() - body.touched > STALL_SECONDS:
                future.cancel()
                raise from_s3_error(TimeoutError(), self.url, self._endpoint, "an upload") from None
        return future.result()


class _AbsentError(Exception):
    """There is no such object."""


class _ChecksumsUnknownError(Exception):
    """The store does not support SHA-256 checksums."""


def _carries_checksums(arguments: Mapping[str, Any]) -> bool:
    parts = arguments.get("MultipartUpload", {}).get("Parts", ())
    return any(name.startswith("Checksum") for each in (arguments, *parts) for name in each)


def _may_not_know_them(error: ClientError) -> bool:
    """Whether to ask again without checksums. If the code meant something else, the second answer tells.

    Stores word it differently, and an answer to HEAD has no text.
    """
    return error_code(error) in ("NotImplemented", "501", "InvalidArgument", "InvalidRequest", "400")


def _checks(content: S3Content, checksums: bool) -> list[dict[str, str]]:
    if checksums:
        return [{"ChecksumSHA256": digest} for digest in content.sha256_of_parts]
    return [{"ContentMD5": digest} for digest in content.md5_of_parts]
