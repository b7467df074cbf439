"""A recorder in a machine of its own: site.yml has run on it, and what it records is around it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vm.alerts import read_alerts
from vm.image import CACHE
from vm.lake import Lake
from vm.machine import Machine
from vm.surroundings import Surroundings

__all__ = ["Appliance", "ansible_environment"]

ROOT = Path(__file__).resolve().parents[2]
CONVERGE_SECONDS = 2400.0


def ansible_environment() -> dict[str, str]:
    """Where the appliance's tools are; mitogen makes playbooks bearable under emulation."""
    tools = Path(os.environ.get("DAEDALUS_APPLIANCE", ROOT / ".venv-appliance"))
    found = sorted(tools.glob("lib/python3*/site-packages/ansible_mitogen/plugins/strategy"))
    environment = {**os.environ, "PATH": f"{tools / 'bin'}:{os.environ['PATH']}", "ANSIBLE_NOCOLOR": "1"}
    environment |= {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_DEPRECATION_WARNINGS": "0"}
    environment["ANSIBLE_TIMEOUT"] = "180"  # emulated processors log in slowly, and more so on a busy host
    if found:
        environment |= {"ANSIBLE_STRATEGY_PLUGINS": str(found[0]), "ANSIBLE_STRATEGY": "mitogen_linear"}
    return environment


class Appliance:
    """``folder``: of the run. Nothing runs before `start`; `close` leaves nothing."""

    def __init__(self, name: str, *, cache: str = "unsafe") -> None:
        self.folder = CACHE / "runs" / f"{os.getpid()}-{name}"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.machine = Machine(self.folder / "machine", cache=cache)
        self.around = Surroundings(self.folder / "surroundings")

    def start(self, **variables: Any) -> None:
        """A fresh machine that records."""
        self.machine.start()
        self.play("site.yml", **variables)

    def close(self) -> None:
        self.machine.destroy()
        self.around.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # Playbooks

    def play(
        self, playbook: str, *options: str, fails: bool = False, **variables: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run a playbook of the project on the machine."""
        command = ["ansible-playbook", playbook, "-i", "tests/vm/inventory", *options]
        if variables:
            given = self.folder / "variables.json"
            given.write_text(json.dumps(variables))
            command += ["-e", f"@{given}"]
        environment = ansible_environment() | {"DAEDALUS_VM": str(self.folder)}
        environment |= {"DAEDALUS_WHEELHOUSE": str(_wheelhouse(environment))}
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=CONVERGE_SECONDS,
            check=False,
        )
        assert (done.returncode != 0) is fails, done.stdout[-8000:] + done.stderr[-2000:]
        return done

    # What it is doing

    def sh(self, command: str, **about: Any) -> str:
        """What a command of root says in the machine."""
        return self.machine.ssh(command, **about).stdout.strip()

    def show(self, unit: str, name: str) -> str:
        """One property of a unit."""
        return self.sh(f"systemctl show --property={name} --value {unit}")

    def status(self, worker: str = "ingest-binance") -> dict[str, Any]:
        """What a worker last said of itself; nothing while it has not."""
        done = self.machine.ssh(f"cat /var/lib/daedalus/status/{worker}.json", check=False)
        return dict(json.loads(done.stdout)) if done.returncode == 0 and done.stdout else {}

    def records(self, exchange: str = "binance", newer_than_ns: int = 0) -> bool:
        """Whether the exchange's recorder has received something after that time, and lately."""
        status = self.status(f"ingest-{exchange}")
        last = int(status.get("last_message_ns", 0))
        return status.get("state") == "running" and last > max(newer_than_ns, time.time_ns() - 30 * 10**9)

    def alerts(self) -> list[str]:
        """The texts of the alerts that have come, oldest first."""
        return [str(each["text"]) for each in read_alerts(self.around.alerts_file)]

    @property
    def lake(self) -> Lake:
        return Lake(self.around.about)

    def wait(self, condition: Callable[[], Any], what: str, seconds: float = 600) -> Any:
        """Until it holds: emulated processors promise no time. Fails with what the services said."""
        ends_at = time.monotonic() + seconds
        while not (found := condition()):
            if time.monotonic() > ends_at:
                said = self.machine.ssh(
                    "journalctl --no-pager -n 80 -u 'daedalus*'; systemctl --no-pager status 'daedalus*'",
                    check=False,
                ).stdout
                raise AssertionError(f"waited {seconds:.0f} s for {what}\n{said[-12000:]}")
            time.sleep(1)
        return found


def _wheelhouse(environment: dict[str, str]) -> Path:
    """The tar of wheels, fetched where it is not there; its name changes with the locks."""
    given = Path(os.environ["DAEDALUS_WHEELHOUSE"])
    if not given.exists():
        given.parent.mkdir(parents=True, exist_ok=True)
        command = ["ansible-playbook", "ansible/wheelhouse.yml", "-e", f"wheelhouse_tar={given}"]
        own = {**environment, "ANSIBLE_STRATEGY": "linear"}
        subprocess.run(command, cwd=ROOT, env=own, check=True, stdout=sys.stderr)
    return given
