"""What an S3 store's answer means, in one line.

Only its code is shown: a store's own text may repeat parts of a request, and so credentials.

Codes: "Error responses" in the Amazon S3 API reference; other stores use the same ones.
"""

from __future__ import annotations

import aiohttp
from botocore import exceptions as boto

from .errors import TargetError, TargetErrorKind, from_os_error

__all__ = ["error_code", "from_s3_error"]

_CREDENTIAL_CODES = {
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "InvalidToken",
    "TokenRefreshRequired",
    "InvalidSecurity",
    "NotSignedUp",
}
_BUCKET_CODES = {"NoSuchBucket", "InvalidBucketName", "404"}
_REGION_CODES = {
    "PermanentRedirect",
    "TemporaryRedirect",
    "IllegalLocationConstraintException",
    "AuthorizationHeaderMalformed",
    "301",
}
_CLOCK_CODES = {"RequestTimeTooSkewed", "RequestExpired"}
_SPACE_CODES = {"InsufficientStorage", "XMinioStorageFull", "QuotaExceeded", "507"}
_DIGEST_CODES = {"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"}
_DENIED_CODES = {"AccessDenied", "AllAccessDisabled", "AccountProblem", "InvalidObjectState", "403"}
_PATIENCE_CODES = {
    "SlowDown",
    "ServiceUnavailable",
    "InternalError",
    "RequestTimeout",
    "OperationAborted",
    "ThrottlingException",
    "Throttling",
    "TooManyRequests",
    "429",
}

_REMEDIES = {
    TargetErrorKind.CREDENTIALS: "Correct the target's access_key and secret_key (or, where they are not "
    "set, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, ~/.aws or the instance's role).",
    TargetErrorKind.BUCKET: "Create the bucket, or correct the target's name, region and endpoint_url.",
    TargetErrorKind.UNREACHABLE: "Check the network, the name service and the target's endpoint_url; "
    "files wait here and are sent when it answers.",
    TargetErrorKind.DENIED: "Allow this user s3:PutObject, s3:GetObject and s3:AbortMultipartUpload there.",
    TargetErrorKind.NO_SPACE: "Make room there, or choose another target.",
    TargetErrorKind.CLOCK: "Set this machine's clock (timedatectl).",
    TargetErrorKind.STORE: "It is tried again with growing pauses; nothing to do here.",
    TargetErrorKind.MISMATCH: "It is sent again; if this repeats, suspect the network path or the store.",
    TargetErrorKind.REFUSED: "Look the code up in the store's documentation; the files stay here.",
}


def error_code(error: BaseException) -> str:
    """The store's code ("NoSuchBucket", or an HTTP status); "" if it did not answer."""
    if isinstance(error, boto.ClientError):
        return str(error.response.get("Error", {}).get("Code", ""))
    return ""


def from_s3_error(error: BaseException, target: str, endpoint: str, place: str) -> TargetError:
    """The error of a request about ``place``, sent to ``endpoint``, as a `TargetError`."""
    kind, problem = _meaning(error)
    if kind is None:
        assert isinstance(error, OSError)
        return from_os_error(error, target, endpoint)
    return TargetError(kind, target, f"{problem} (asked {endpoint} for {place})", _REMEDIES[kind])


def _meaning(error: BaseException) -> tuple[TargetErrorKind | None, str]:
    if isinstance(error, boto.ClientError):
        return _answer(error)
    if isinstance(error, RecursionError):  # the library follows a redirect without a region to itself
        return TargetErrorKind.BUCKET, "the bucket is in another region"
    if isinstance(error, boto.SSLError | aiohttp.ClientSSLError):
        return TargetErrorKind.UNREACHABLE, "the secure connection failed: its certificate is not trusted"
    if isinstance(error, boto.NoCredentialsError | boto.PartialCredentialsError):
        return TargetErrorKind.CREDENTIALS, "no credentials were found"
    if isinstance(error, boto.CredentialRetrievalError | boto.ProfileNotFound | boto.TokenRetrievalError):
        return TargetErrorKind.CREDENTIALS, "the credentials could not be loaded"
    if isinstance(error, boto.ParamValidationError | boto.NoRegionError | boto.InvalidRegionError):
        return TargetErrorKind.BUCKET, "the bucket's name or region is not valid"
    if isinstance(error, boto.ConnectTimeoutError | boto.ReadTimeoutError | TimeoutError):
        return TargetErrorKind.UNREACHABLE, "no answer in time"
    if isinstance(error, boto.ProxyConnectionError):
        return TargetErrorKind.UNREACHABLE, _of_proxy(error)
    if isinstance(error, boto.HTTPClientError | boto.ConnectionError | aiohttp.ClientError):
        return TargetErrorKind.UNREACHABLE, "cannot be reached, or the connection was lost"
    if isinstance(error, OSError):
        return None, ""
    return TargetErrorKind.REFUSED, f"the request failed with {type(error).__name__}"


def _of_proxy(error: boto.ProxyConnectionError) -> str:
    cause = error.kwargs.get("error")
    if isinstance(cause, aiohttp.ClientHttpProxyError):
        return f"the proxy of the environment refuses with HTTP {cause.status}"
    return "the proxy of the environment cannot be reached"


def _answer(error: boto.ClientError) -> tuple[TargetErrorKind, str]:
    code = error_code(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _CREDENTIAL_CODES:
        return TargetErrorKind.CREDENTIALS, f"wrong credentials: {code}"
    if code in _BUCKET_CODES:
        return TargetErrorKind.BUCKET, f"there is no such bucket: {code}"
    if code in _REGION_CODES:
        return TargetErrorKind.BUCKET, f"the bucket is in another region: {code}"
    if code == "400":  # an answer to HEAD has no text
        return (
            TargetErrorKind.BUCKET,
            "the store refused (400): usually another region, or an expired session",
        )
    if code in _CLOCK_CODES:
        return TargetErrorKind.CLOCK, f"this machine's clock is wrong: {code}"
    if code in _SPACE_CODES or status == 507:
        return TargetErrorKind.NO_SPACE, f"the store is full: {code}"
    if code in _DIGEST_CODES:
        return TargetErrorKind.MISMATCH, f"the content was damaged in transit: {code}"
    if code in _DENIED_CODES:
        return TargetErrorKind.DENIED, f"access denied: {code}"
    if code in _PATIENCE_CODES or status >= 500:
        return TargetErrorKind.STORE, f"the store has a problem of its own: {code}"
    return TargetErrorKind.REFUSED, f"the store refused: {code}"
