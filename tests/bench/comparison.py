"""The clients that ingest is compared with. What cannot be installed here is left out, and said."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Timer

from msgspec import Struct
from receiving import HERE, Exchange, Receiving

__all__ = ["Client", "bare", "clients", "environment"]

PLACE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "daedalus-bench"
PACKAGES = ("cryptofeed==2.4.1", "picows==2.3.1")
TARDIS = "tardis-dev@13.35.3"
INSTALL_SECONDS = 300
START_SECONDS = 60

_Command = Callable[[str, int], list[str]]


class Client(Struct, frozen=True):
    """A client in a process of its own, started with a URL and a count of messages."""

    name: str
    command: _Command
    about: str
    agg_trades: bool = False
    in_folder: Path | None = None

    def run(self, messages: Path, rate: float, count: int) -> Receiving:
        """CPU per message between the first message and the last."""
        if self.agg_trades:
            messages = as_agg_trades(messages)
        exchange = Exchange(messages, rate, count)
        environment = os.environ | {"WSS_URL_BINANCE": exchange.url}
        client = subprocess.Popen(
            self.command(exchange.url, count),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
            cwd=self.in_folder,
        )
        too_long = Timer(START_SECONDS + (count / rate if rate else START_SECONDS), exchange.end)
        too_long.start()
        try:
            exchange.await_subscription()
            exchange.go()
            output, _ = client.communicate()
            return Receiving(float(output.split()[-1]) / count * 1e6)
        finally:
            too_long.cancel()
            client.kill()
            client.wait()
            exchange.end()


def bare() -> Client:
    """The yardstick: what everyone begins with."""
    return Client(
        "websockets, asyncio's loop",
        _python(sys.executable, "bare.py"),
        "awaits `recv(decode=False)`, no more",
    )


def clients(say: Callable[[str], None]) -> list[Client]:
    """Those that are here or can be had."""
    found = []
    python = environment("cryptofeed", PACKAGES, say)
    if python:
        found += [
            Client(
                "cryptofeed 2.4.1, uvloop",
                _python(python, "with_cryptofeed.py"),
                "parses, keeps the book, awaits callbacks that do nothing",
                agg_trades=True,
            ),
            Client("picows, uvloop", _python(python, "with_picows.py"), "counts the messages: the floor"),
        ]
    folder = _node_folder(say)
    if folder:
        script = str(HERE / "peers" / "with_tardis.mjs")
        found.append(
            Client(
                f"{TARDIS.replace('@', ' ')}, node",
                lambda _, count: ["node", script, str(count)],
                "parses, nothing more",
                in_folder=folder,
            )
        )
    return found


def as_agg_trades(messages: Path) -> Path:
    """The same messages for a client that knows trades only as aggregated ones."""
    changed = messages.with_suffix(".agg")
    changes: Mapping[bytes, bytes] = {
        b'@trade"': b'@aggTrade"',
        b'"e":"trade"': b'"e":"aggTrade"',
        b'"t":': b'"a":',
    }
    if not changed.exists():
        text = messages.read_bytes()
        for old, new in changes.items():
            text = text.replace(old, new)
        changed.write_bytes(text)
    return changed


def _python(python: str, script: str) -> _Command:
    return lambda url, count: [python, str(HERE / "peers" / script), url, str(count)]


def environment(name: str, packages: Sequence[str], say: Callable[[str], None]) -> str | None:
    """A Python with these packages in it, outside the checkout; None where they cannot be had."""
    folder = PLACE / name
    python = folder / "bin" / "python"
    made = _done(say, name, python, [sys.executable, "-m", "venv", str(folder)])
    install = [str(python), "-m", "pip", "install", "--quiet", *packages]
    return str(python) if made and _done(say, name, folder / ".installed", install) else None


def _node_folder(say: Callable[[str], None]) -> Path | None:
    """A folder with tardis-dev in it."""
    if not shutil.which("npm"):
        say("tardis-dev is left out: there is no node here")
        return None
    folder = PLACE / "tardis"
    folder.mkdir(parents=True, exist_ok=True)
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), TARDIS]
    return folder if _done(say, "tardis-dev", folder / ".installed", install) else None


def _done(say: Callable[[str], None], name: str, mark: Path, command: list[str]) -> bool:
    """Run a command once: ``mark`` shows that it was. False where it fails, which is said."""
    if mark.exists():
        return True
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=INSTALL_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        say(f"{name} is left out: {error}")
        return False
    if not mark.exists():
        mark.touch()
    return True
