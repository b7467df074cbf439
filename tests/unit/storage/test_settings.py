from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.pretty import pretty_repr

from daedalus.storage.settings import StorageSettings, public_url


def test_no_representation_of_the_settings_shows_a_secret() -> None:
    settings = StorageSettings(
        target="sftp://me:hunter1@host/lake",
        access_key="hunter2",
        secret_key="hunter3",
    )
    console = Console(file=io.StringIO())
    console.print(settings)
    assert isinstance(console.file, io.StringIO)
    texts = [repr(settings), str(settings), f"{settings}", pretty_repr(settings), console.file.getvalue()]
    assert all("hunter" not in text for text in texts)


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("s3://lake/a/b", "s3://lake/a/b"),
        ("s3://key:secret@lake/a", "s3://lake/a"),
        ("https://me:p@ss@host:9000", "https://host:9000"),
        ("abfs://lake/a?sig=secret", "abfs://lake/a"),
        ("/data/lake@home", "/data/lake@home"),
    ],
)
def test_a_public_url_has_no_user_password_or_query(url: str, public: str) -> None:
    assert public_url(url) == public
