"""What an S3 store, and the way to it, may do to an upload, and what is made of it."""

from __future__ import annotations

import base64
import hashlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.faulty_proxy import Answer, FaultyProxy, Forward, Request, faulty_proxy
from support.s3_server import ACCESS_KEY, SECRET_KEY, S3Server

from daedalus.storage import Outcome, StoppedError, TargetError, TargetErrorKind, open_target
from daedalus.storage.s3_target import S3Target

pytestmark = pytest.mark.integration

KEY = "trades/exchange=binance/date=2026-11-23/trade-1795400000000000000.parquet"
MIB = 1 << 20
SOURCE_BYTES = 6 * MIB + 17  # two parts, the second one odd


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.parquet"
    path.write_bytes(os.urandom(SOURCE_BYTES))
    return path


@pytest.fixture
def through(s3_server: S3Server) -> Iterator[Callable[..., FaultyProxy]]:
    """A proxy with a rule before the server."""
    opened = []

    def start(rule: Callable[[Request, Forward], Answer]) -> FaultyProxy:
        manager = faulty_proxy(s3_server.port, rule)
        opened.append(manager)
        return manager.__enter__()

    yield start
    for manager in opened:
        manager.__exit__(None, None, None)


def without_checksums(_: Request, forward: Forward) -> Answer:
    return forward().without("x-amz-checksum")


def refusing_checksums(request: Request, forward: Forward) -> Answer:
    if any(name.lower().startswith("x-amz-checksum-sha") for name in request.headers):
        return Answer.error(501, "NotImplemented")
    if "x-amz-checksum-algorithm" in (name.lower() for name in request.headers):
        return Answer.error(501, "NotImplemented")
    return forward().without("x-amz-checksum")


def refusing_the_headers(status: int, code: str) -> Callable[[Request, Forward], Answer]:
    """A store that refuses every request with such a header, also a question, and words it in its own way."""

    def rule(request: Request, forward: Forward) -> Answer:
        if any(name.lower().startswith("x-amz-checksum") for name in request.headers):
            return Answer.error(status, code)
        return forward().without("x-amz-checksum")

    return rule


def refusing_to_be_asked(request: Request, forward: Forward) -> Answer:
    if "x-amz-checksum-mode" in (name.lower() for name in request.headers):
        return Answer.error(400, "InvalidArgument")
    return forward()


def with_strange_etags(_: Request, forward: Forward) -> Answer:
    answer = forward().without("x-amz-checksum").without("etag")
    return Answer(answer.status, answer.headers | {"ETag": '"not-an-md5"'}, answer.body)


@pytest.mark.parametrize("single_bytes", [64 * MIB, 0], ids=["whole", "in parts"])
@pytest.mark.parametrize(
    ("rule", "proof"),
    [
        (lambda _, forward: forward(), "sha256"),
        (without_checksums, "md5"),
        (refusing_checksums, "md5"),
        (refusing_the_headers(400, "InvalidArgument"), "md5"),
        (refusing_the_headers(501, "NotImplemented"), "md5"),
        (refusing_the_headers(400, "InvalidRequest"), "md5"),
        (with_strange_etags, "read back"),
    ],
    ids=["knows sha256", "forgets sha256", "refuses sha256", "400", "501", "invalid", "gives nothing"],
)
def test_the_best_proof_a_store_gives_is_used(
    s3_server: S3Server,
    bucket: str,
    source: Path,
    through: Callable[..., FaultyProxy],
    rule: Callable[[Request, Forward], Answer],
    proof: str,
    single_bytes: int,
) -> None:
    if proof == "read back" and single_bytes == 0:
        pytest.skip("parts are named by their ETags, so a store must give true ones")
    settings = s3_server.settings(bucket, endpoint_url=through(rule).endpoint_url)
    target = S3Target(settings, single_bytes=single_bytes, part_bytes=5 * MIB)
    receipt = target.put(source, KEY)
    assert (receipt.outcome, receipt.proof) == (Outcome.UPLOADED, proof)
    assert target.put(source, KEY).outcome is Outcome.UNCHANGED
    assert s3_server.filesystem().cat_file(f"{bucket}/a/lake/{KEY}") == source.read_bytes()


def test_a_store_that_knows_checksums_of_uploads_and_not_of_questions_gets_them(
    s3_server: S3Server, bucket: str, source: Path, through: Callable[..., FaultyProxy]
) -> None:
    proxy = through(refusing_to_be_asked)
    target = S3Target(s3_server.settings(bucket, endpoint_url=proxy.endpoint_url))
    assert target.put(source, KEY).outcome is Outcome.UPLOADED
    (put,) = [request for request in proxy.requests if request.method == "PUT"]
    assert "x-amz-checksum-sha256" in put.headers
    asked = proxy.count("HEAD")
    assert target.put(source, KEY).outcome is Outcome.UNCHANGED
    assert proxy.count("HEAD") == asked + 1  # it has learned


@pytest.mark.parametrize("single_bytes", [64 * MIB, 0], ids=["whole", "in parts"])
def test_uploads_at_once_to_a_store_without_checksums_all_succeed(
    s3_server: S3Server, bucket: str, source: Path, through: Callable[..., FaultyProxy], single_bytes: int
) -> None:
    refuse = refusing_the_headers(400, "InvalidArgument")

    def slowly(request: Request, forward: Forward) -> Answer:
        answer = refuse(request, forward)
        if request.method in ("PUT", "POST") and answer.status == 400:
            time.sleep(0.3)  # the others are under way by then
        return answer

    settings = s3_server.settings(bucket, endpoint_url=through(slowly).endpoint_url)
    target = S3Target(settings, single_bytes=single_bytes, part_bytes=5 * MIB)
    keys = [KEY.replace("1795", f"{number}795") for number in range(1, 5)]
    with ThreadPoolExecutor(4) as pool:
        receipts = list(pool.map(lambda key: target.put(source, key), keys))
    assert {receipt.outcome for receipt in receipts} == {Outcome.UPLOADED}


def test_an_error_that_is_not_about_checksums_stays_what_it_is(
    s3_server: S3Server, bucket: str, source: Path, through: Callable[..., FaultyProxy]
) -> None:
    proxy = through(lambda _, __: Answer.error(400, "InvalidArgument"))
    target = S3Target(s3_server.settings(bucket, endpoint_url=proxy.endpoint_url))
    with pytest.raises(TargetError):
        target.put(source, KEY)
    assert target._asks_checksums
    assert target._sends_checksums


def test_credentials_that_were_renewed_where_they_lie_are_read_again(
    s3_server: S3Server,
    bucket: str,
    source: Path,
    through: Callable[..., FaultyProxy],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def keys(access: str) -> None:
        (tmp_path / "credentials").write_text(
            f"[default]\naws_access_key_id = {access}\naws_secret_access_key = {SECRET_KEY}\n"
        )

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    settings = s3_server.settings(bucket, access_key=None, secret_key=None)
    keys("OLDANDEXPIRED")
    target = S3Target(settings)
    for ask in (target.check, lambda: target.put(source, KEY)):
        with pytest.raises(TargetError):
            ask()
    with pytest.raises(TargetError) as caught:
        target.check()
    assert caught.value.kind is TargetErrorKind.CREDENTIALS
    keys(ACCESS_KEY)
    target.check()
    assert target.put(source, KEY).outcome is Outcome.UPLOADED


def test_the_upload_carries_its_checksum_so_that_the_store_can_refuse_damage(
    s3_server: S3Server, bucket: str, source: Path, through: Callable[..., FaultyProxy]
) -> None:
    proxy = through(lambda _, forward: forward())
    S3Target(s3_server.settings(bucket, endpoint_url=proxy.endpoint_url)).put(source, KEY)
    (put,) = [request for request in proxy.requests if request.method == "PUT"]
    digest = hashlib.sha256(source.read_bytes()).digest()
    assert put.headers["x-amz-checksum-sha256"] == base64.b64encode(digest).decode()


def test_a_body_damaged_on_its_way_does_not_become_an_object(
    s3_server: S3Server, bucket: str, source: Path, through: Callable[..., FaultyProxy]
) -> None:
    def damage(request: Request, forward: Forward) -> Answer:
        if request.method == "PUT":
            request.body = bytes([request.body[0] ^ 1]) + request.body[1:]
        return forward()

    target = S3Target(s3_server.settings(bucket, endpoint_url=through(damage).endpoint_url))
    with pytest.raises(TargetError) as caught:
        target.put(source, KEY)
    assert caught.value.kind is TargetErrorKind.MISMATCH
    assert not s3_server.filesystem().exists(f"{bucket}/a/lake/{KEY}")


def test_a_store_that_says_yes_and_keeps_another_body_of_the_same_size_is_found_out(
    s3_server: S3Server, bucket: str, source: Path, through: Callable[..., FaultyProxy]
) -> None:
    other = os.urandom(source.stat().st_size)

    def swap(request: Request, forward: Forward) -> Answer:
        if request.method == "PUT":
            s3_server.filesystem().pipe_file(f"{bucket}/a/lake/{KEY}", other)
            return Answer(200, {"ETag": '"x"'})
        return forward()

    target = S3Target(s3_server.settings(bucket, endpoint_url=through(swap).endpoint_url))
    with pytest.raises(TargetError, match="does not hold what was sent") as caught:
        target.put(source, KEY)
    assert caught.value.kind is TargetErrorKind.MISMATCH


def test_a_store_that_says_yes_and_keeps_nothing_is_found_out(
    s3_server: S3Server, bucket: str, source: Path, through: Callable[..., FaultyProxy]
) -> None:
    def lose(request: Request, forward: Forward) -> Answer:
        return Answer(200, {"ETag": '"x"'}) if request.method == "PUT" else forward()

    target = S3Target(s3_server.settings(bucket, endpoint_url=through(lose).endpoint_url))
    with pytest.raises(TargetError, match="there is no such object"):
        target.put(source, KEY)


def test_a_busy_store_is_not_taken_for_our_fault(
    s3_server: S3Server, bucket: str, source: Path, through: Callable[..., FaultyProxy]
) -> None:
    def busy(request: Request, forward: Forward) -> Answer:
        return Answer.error(503, "SlowDown") if request.method == "PUT" else forward()

    proxy = through(busy)
    target = S3Target(s3_server.settings(bucket, endpoint_url=proxy.endpoint_url))
    with pytest.raises(TargetError, match="SlowDown") as caught:
        target.put(source, KEY)
    assert caught.value.kind is TargetErrorKind.STORE
    assert proxy.count("PUT") <= 2


@pytest.mark.parametrize(
    ("status", "code"), [(400, "AuthorizationHeaderMalformed"), (301, "PermanentRedirect")]
)
def test_a_wrong_region_is_told_with_what_to_correct(
    s3_server: S3Server,
    bucket: str,
    source: Path,
    through: Callable[..., FaultyProxy],
    status: int,
    code: str,
) -> None:
    # The real server takes every region; this is how Amazon's answers for a bucket that it has elsewhere.
    proxy = through(lambda request, forward: Answer.error(status, code))
    target = S3Target(s3_server.settings(bucket, endpoint_url=proxy.endpoint_url))
    with pytest.raises(TargetError, match="another region") as caught:
        target.put(source, KEY)
    assert caught.value.kind is TargetErrorKind.BUCKET


def test_parts_left_by_a_killed_upload_are_given_up(s3_server: S3Server, bucket: str, source: Path) -> None:
    raw = s3_server.filesystem()
    at = {"Bucket": bucket, "Key": f"a/lake/{KEY}"}
    left = raw.call_s3("create_multipart_upload", **at)
    raw.call_s3("upload_part", **at, UploadId=left["UploadId"], PartNumber=1, Body=b"x" * MIB)
    other = raw.call_s3("create_multipart_upload", Bucket=bucket, Key=f"a/lake/{KEY}.of-another")
    S3Target(s3_server.settings(bucket), single_bytes=0, part_bytes=5 * MIB).put(source, KEY)
    uploads = raw.call_s3("list_multipart_uploads", Bucket=bucket).get("Uploads", [])
    assert [upload["UploadId"] for upload in uploads] == [other["UploadId"]]


def test_a_stop_ends_an_upload_on_a_slow_link_within_a_second(
    s3_server: S3Server, bucket: str, source: Path, through: Callable[..., FaultyProxy]
) -> None:
    begun, released = threading.Event(), threading.Event()

    def hang(request: Request, forward: Forward) -> Answer:
        if request.method == "PUT":
            begun.set()
            released.wait(30)
        return forward()

    target = S3Target(s3_server.settings(bucket, endpoint_url=through(hang).endpoint_url))
    stop = threading.Event()
    asked: list[float] = []

    def stop_when_begun() -> None:
        begun.wait(30)
        asked.append(time.monotonic())
        stop.set()

    threading.Thread(target=stop_when_begun, daemon=True).start()
    with pytest.raises(StoppedError):
        target.put(source, KEY, stop)
    stopped = time.monotonic()
    released.set()
    assert stopped - asked[0] < 1.0


@pytest.mark.parametrize(
    ("changes", "kind", "said"),
    [
        ({"secret_key": "tooWrongToBeTrue"}, TargetErrorKind.CREDENTIALS, "SignatureDoesNotMatch"),
        ({"access_key": "NOBODYSKEY"}, TargetErrorKind.CREDENTIALS, "InvalidAccessKeyId"),
        ({"target": "s3://nowhere-at-all/lake"}, TargetErrorKind.BUCKET, "NoSuchBucket"),
        ({"target": "s3://Not_A_Bucket!/lake"}, TargetErrorKind.BUCKET, "valid"),
        ({"endpoint_url": "http://127.0.0.1:1"}, TargetErrorKind.UNREACHABLE, "endpoint_url"),
        ({"endpoint_url": "http://no-such-host.invalid"}, TargetErrorKind.UNREACHABLE, "network"),
    ],
    ids=["secret", "key", "bucket", "bucket name", "refused", "no such host"],
)
@pytest.mark.parametrize("question", ["check", "put"])
def test_a_mistake_is_one_line_that_names_target_place_and_remedy(
    s3_server: S3Server,
    bucket: str,
    source: Path,
    caplog: pytest.LogCaptureFixture,
    changes: dict[str, str],
    kind: TargetErrorKind,
    said: str,
    question: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = s3_server.settings(bucket, **changes)
    target = open_target(settings)
    with pytest.raises(TargetError) as caught:
        target.check() if question == "check" else target.put(source, KEY)
    text = str(caught.value)
    assert caught.value.kind is kind
    assert said in text
    assert "\n" not in text
    assert text.startswith(settings.target)
    for secret in (settings.access_key, settings.secret_key):
        assert secret not in text + repr(caught.value) + repr(settings) + repr(target)
    assert settings.secret_key not in caplog.text


def test_a_full_store_and_a_denied_one_are_told_apart(
    s3_server: S3Server, bucket: str, source: Path, through: Callable[..., FaultyProxy]
) -> None:
    answers = {"full": Answer.error(507, "XMinioStorageFull"), "denied": Answer.error(403, "AccessDenied")}
    kinds = {"full": TargetErrorKind.NO_SPACE, "denied": TargetErrorKind.DENIED}
    for name, answer in answers.items():
        proxy = through(lambda request, forward, a=answer: a if request.method == "PUT" else forward())
        target = S3Target(s3_server.settings(bucket, endpoint_url=proxy.endpoint_url))
        with pytest.raises(TargetError) as caught:
            target.put(source, KEY)
        assert caught.value.kind is kinds[name]


def test_a_user_who_may_write_but_not_list_can_upload(
    s3_server: S3Server, bucket: str, source: Path, through: Callable[..., FaultyProxy]
) -> None:
    def no_listing(request: Request, forward: Forward) -> Answer:
        answer = forward()
        listing = request.method == "GET" and "list-type" in request.path
        absent = request.method == "HEAD" and answer.status == 404
        return Answer.error(403, "AccessDenied") if listing or absent else answer

    target = S3Target(s3_server.settings(bucket, endpoint_url=through(no_listing).endpoint_url))
    target.check()
    assert target.put(source, KEY).outcome is Outcome.UPLOADED
