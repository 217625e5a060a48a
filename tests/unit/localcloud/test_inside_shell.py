"""Commands that make something on the host are refused inside a local cloud, as in its shell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from localcloud import cloud as cloud_module
from localcloud.cli.console import open_console
from localcloud.cli.monitoring import monitor
from localcloud.cloud import LocalCloud
from localcloud.machines import network
from localcloud.machines.errors import LocalCloudError
from localcloud.machines.layout import Layout
from localcloud.machines.network import Network

HERE = Path()
COMMANDS: dict[str, Callable[[LocalCloud], object]] = {
    "start": LocalCloud.start,
    "stop": LocalCloud.stop,
    "reset": LocalCloud.reset,
    "console": lambda cloud: open_console(cloud, HERE),
    "monitoring": lambda cloud: monitor(cloud, HERE),
}


@pytest.fixture
def handles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(network, "HANDLES", tmp_path)
    for check in ("check_host", "check_system"):
        monkeypatch.setattr(cloud_module, check, lambda: None)
    return tmp_path


def name_this_namespace(handles: Path, name: str) -> None:
    (handles / name).symlink_to("/proc/self/ns/net")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("namespace", ["localcloud-mine", "localcloud-another"])
def test_commands_that_change_the_host_are_refused_inside(
    command: str, namespace: str, handles: Path
) -> None:
    name_this_namespace(handles, namespace)
    with pytest.raises(LocalCloudError) as caught:
        COMMANDS[command](LocalCloud("mine"))
    assert str(caught.value) == (
        f"localcloud {command} cannot run inside a local cloud: exit its shell first"
    )


def test_a_process_in_another_namespace_is_outside(handles: Path) -> None:
    name_this_namespace(handles, "vpn")
    (handles / "localcloud-mine").touch()
    (handles / "localcloud-stopped").symlink_to(handles / "absent")
    assert not Network(Layout("mine")).surrounds()
