from __future__ import annotations

import errno
import os

import aiohttp
import pytest
from botocore import exceptions as boto
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from daedalus.storage.errors import TargetErrorKind, from_os_error
from daedalus.storage.s3_errors import from_s3_error


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, TargetErrorKind.NO_SPACE),
        (errno.EDQUOT, TargetErrorKind.NO_SPACE),
        (errno.EROFS, TargetErrorKind.DENIED),
        (errno.EACCES, TargetErrorKind.DENIED),
        (errno.ENOENT, TargetErrorKind.BUCKET),
        (errno.ENETUNREACH, TargetErrorKind.UNREACHABLE),
        (errno.EIO, TargetErrorKind.STORE),
    ],
)
def test_an_error_of_the_system_says_whose_turn_it_is(number: int, kind: TargetErrorKind) -> None:
    error = from_os_error(OSError(number, os.strerror(number)), "file:///lake", "/lake/trades")
    assert error.kind is kind
    assert str(error).startswith(f"file:///lake: {os.strerror(number)} at /lake/trades. ")


def answer(code: str, status: int) -> boto.ClientError:
    response = {
        "Error": {"Code": code, "Message": "you sent AKIAHUNTER2"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return boto.ClientError(response, "PutObject")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (answer("ExpiredToken", 400), TargetErrorKind.CREDENTIALS),
        (boto.NoCredentialsError(), TargetErrorKind.CREDENTIALS),
        (answer("PermanentRedirect", 301), TargetErrorKind.BUCKET),
        (RecursionError(), TargetErrorKind.BUCKET),
        (answer("RequestTimeTooSkewed", 403), TargetErrorKind.CLOCK),
        (answer("AccessDenied", 403), TargetErrorKind.DENIED),
        (answer("QuotaExceeded", 403), TargetErrorKind.NO_SPACE),
        (answer("SlowDown", 503), TargetErrorKind.STORE),
        (answer("502", 502), TargetErrorKind.STORE),
        (answer("BadDigest", 400), TargetErrorKind.MISMATCH),
        (answer("Teapot", 418), TargetErrorKind.REFUSED),
        (boto.ReadTimeoutError(endpoint_url="http://x"), TargetErrorKind.UNREACHABLE),
        (TimeoutError(), TargetErrorKind.UNREACHABLE),
        (aiohttp.ServerDisconnectedError(), TargetErrorKind.UNREACHABLE),
        (boto.SSLError(endpoint_url="https://x", error="self-signed"), TargetErrorKind.UNREACHABLE),
        (OSError(errno.ECONNRESET, "reset"), TargetErrorKind.UNREACHABLE),
    ],
)
def test_what_a_store_answers_says_whose_turn_it_is_and_nothing_it_wrote(
    error: Exception, kind: TargetErrorKind
) -> None:
    meaning = from_s3_error(error, "s3://lake", "http://127.0.0.1:9000", "a-key")
    assert meaning.kind is kind
    assert "HUNTER2" not in str(meaning)
    assert str(meaning).endswith(".")


def test_a_proxy_that_refuses_or_is_not_there_is_told_without_its_address() -> None:
    url = "http://user:geheim@proxy.lan:3128"
    refusal = aiohttp.ClientHttpProxyError(
        aiohttp.RequestInfo(URL("https://store"), "CONNECT", CIMultiDictProxy(CIMultiDict())), (), status=407
    )
    for cause, said in (
        (refusal, "the proxy of the environment refuses with HTTP 407"),
        (None, "cannot be reached"),
    ):
        error = from_s3_error(
            boto.ProxyConnectionError(proxy_url=url, error=cause), "s3://lake", "store", "key"
        )
        assert error.kind is TargetErrorKind.UNREACHABLE
        assert said in str(error)
        assert "proxy.lan" not in str(error)
