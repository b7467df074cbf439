from __future__ import annotations

from rich.pretty import pretty_repr

from daedalus.sync import SyncSettings


def test_no_representation_of_the_settings_shows_a_secret() -> None:
    settings = SyncSettings(target="sftp://me:hunter1@host/lake", access_key="hunter2", secret_key="hunter3")
    assert all("hunter" not in text for text in (repr(settings), str(settings), pretty_repr(settings)))
