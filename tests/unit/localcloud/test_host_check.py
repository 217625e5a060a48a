"""The checks of the host: an error of one line says what is missing."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from localcloud.cli.main import main
from localcloud.cloud import LocalCloud
from localcloud.machines import prerequisites
from localcloud.machines.errors import LocalCloudError
from localcloud.machines.prerequisites import check_host

CHECKOUT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def fit_host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Pretend that this host can run a local cloud."""
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(platform, "release", lambda: "6.12.48+deb13-amd64")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda tool, path: f"/usr/sbin/{tool}")
    monkeypatch.setattr(prerequisites, "PROCESS_STATUS", tmp_path / "status")
    give_capabilities("000001ffffffffff")


def give_capabilities(effective: str) -> None:
    prerequisites.PROCESS_STATUS.write_text(
        f"Name:\tpython3\nCapPrm:\t000001ffffffffff\nCapEff:\t{effective}\nSeccomp:\t2\n"
    )


def without(monkeypatch: pytest.MonkeyPatch, *missing: str) -> None:
    monkeypatch.setattr(shutil, "which", lambda tool, path: None if tool in missing else f"/usr/sbin/{tool}")


def test_a_host_that_has_everything_is_accepted() -> None:
    check_host()


def test_another_system_is_rejected_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(LocalCloudError, match=r"^the local cloud needs Linux, but this is Darwin$"):
        check_host()


def test_another_processor_is_rejected_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    with pytest.raises(LocalCloudError, match=r"^the local cloud needs an x86-64 machine, .* aarch64$"):
        check_host()


@pytest.mark.parametrize("command", ["stop", "reset"])
def test_a_local_cloud_that_does_not_exist_is_not_called_stopped_or_removed(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["localcloud", "--name", "never-was", command])
    with pytest.raises(SystemExit, match="0"):
        main()
    assert capsys.readouterr().err.startswith("there is no local cloud never-was (local clouds: ")


@pytest.mark.parametrize("release", ["5.13.19", "4.19.0-27-amd64"])
def test_an_old_kernel_is_rejected_with_its_version(monkeypatch: pytest.MonkeyPatch, release: str) -> None:
    monkeypatch.setattr(platform, "release", lambda: release)
    with pytest.raises(
        LocalCloudError, match=rf"^the local cloud needs Linux 5\.14 or newer, but this is {release}$"
    ):
        check_host()


def test_without_root_the_error_suggests_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LocalCloudError, match=r"^the local cloud needs root .*: use sudo$"):
        check_host()


@pytest.mark.parametrize(
    ("effective", "missing"),
    [
        # Docker's default, and with --cap-add NET_ADMIN, and with --cap-add SYS_ADMIN.
        ("00000000a80425fb", "CAP_NET_ADMIN and CAP_SYS_ADMIN"),
        ("00000000a80435fb", "CAP_SYS_ADMIN"),
        ("00000000a82425fb", "CAP_NET_ADMIN"),
    ],
)  # fmt: skip
def test_root_without_its_capabilities_is_rejected(effective: str, missing: str) -> None:
    give_capabilities(effective)
    with pytest.raises(
        LocalCloudError,
        match=rf"^the local cloud needs {missing} for .*: use a virtual machine, or a privileged container",
    ):
        check_host()


def test_missing_tools_are_named_with_their_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "nft", "systemd-nspawn")
    with pytest.raises(
        LocalCloudError,
        match=r"^missing tools: nft, systemd-nspawn: run make setup, or apt-get install nftables systemd-container$",
    ):
        check_host()


@pytest.mark.parametrize(
    "command",
    [
        "start", "stop", "reset", "status", "prove", "monitoring", "backup", "shell", "run -- true",
        "exec etcd-server-1 -- true", "logs etcd-server-1",
    ],
)  # fmt: skip
def test_every_command_reports_missing_root_in_one_line(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(sys, "argv", ["localcloud", "--name", "never-was", *command.split()])
    with pytest.raises(SystemExit, match="1"):
        main()
    said = capsys.readouterr()
    assert said.err == "localcloud: the local cloud needs root for its machines and network: use sudo\n"
    assert said.out == ""


def test_status_of_a_stopped_cloud_needs_no_tools(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without(monkeypatch, "nft", "systemd-nspawn")
    assert LocalCloud("never-was").status().problem == "stopped"


@pytest.mark.parametrize(
    "target",
    ["up", "shell", "preview", "destroy", "console", "test", "lifecycle", "drills", "component", "access"],
)
def test_make_asks_for_root_before_it_installs_or_builds(target: str) -> None:
    planned = subprocess.run(["make", "-n", target], capture_output=True, text=True, check=True, cwd=CHECKOUT)
    assert planned.stdout.splitlines()[0] == "python3 -m localcloud.machines.prerequisites"


def asked_by_make(preparation: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The check of ``make``, by an interpreter that has no packages, after a line of preparation."""
    return subprocess.run(
        [sys.executable, "-SPc", f"import sys; sys.path.insert(0, {str(CHECKOUT)!r}); import os; "
         f"{preparation}; import runpy; "
         "runpy.run_module('localcloud.machines.prerequisites', run_name='__main__')"],
        env={name: value for name, value in os.environ.items() if name != "UV"} | variables,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_check_of_make_needs_no_package() -> None:
    done = asked_by_make("os.geteuid = lambda: 1000")
    assert done.returncode == 1
    assert done.stderr == "error: the local cloud needs root for its machines and network: use sudo\n"


FIT_ROOT = (
    "import pathlib, platform; platform.system = lambda: 'Linux'; platform.machine = lambda: 'x86_64'; "
    "platform.release = lambda: '6.12'; os.geteuid = lambda: 0; "
    "pathlib.Path.read_text = lambda file: 'CapEff:\\t000001ffffffffff\\n'"
)
WITHOUT_PIP = f"{FIT_ROOT}; sys.modules['ensurepip'] = None"


def test_a_machine_without_uv_and_pip_is_told_before_it_installs(tmp_path: Path) -> None:
    done = asked_by_make(WITHOUT_PIP, PATH=str(tmp_path), XDG_CACHE_HOME=str(tmp_path))
    assert done.returncode == 1
    assert re.fullmatch(
        r"error: Python packages are installed with uv, or .*: run apt-get install python3-venv, or install uv .*\n",
        done.stderr,
    )


@pytest.mark.parametrize("place", ["bin", "etcd-localcloud/uv/bin"], ids=["PATH", "cache"])
def test_uv_takes_the_place_of_pip(tmp_path: Path, place: str) -> None:
    uv = tmp_path / place / "uv"
    uv.parent.mkdir(parents=True)
    uv.touch(mode=0o755)
    done = asked_by_make(WITHOUT_PIP, PATH=str(tmp_path / "bin"), XDG_CACHE_HOME=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
