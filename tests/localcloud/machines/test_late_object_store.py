"""A local cloud starts before its object store is built, and gets it later."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from localcloud.cloud import LocalCloud
from localcloud.machines.cgroups import Cgroup
from localcloud.machines.object_store_build import ObjectStoreBuild
from localcloud.tokens import BACKUP_BUCKET
from localcloud.toolchain import cache
from localcloud.toolchain.object_store import built_object_store, ensure_object_store

from .host_state import traces
from .lab import eventually


@pytest.fixture
def unbuilt(host: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache with all parts but the object store. Its packages are compiled already, so its build is short."""
    ensure_object_store()
    entries = [entry for entry in cache.root().iterdir() if not entry.name.startswith("versitygw")]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    # Go's own cache stays where it is.
    monkeypatch.setenv("GOCACHE", os.environ.get("GOCACHE") or str(Path.home() / ".cache" / "go-build"))
    cache.root().mkdir()
    for entry in entries:
        if entry.is_dir():
            (cache.root() / entry.name).symlink_to(entry)


@pytest.fixture
def cloud(unbuilt: None, make_cloud: Callable[[], LocalCloud]) -> Iterator[LocalCloud]:
    cloud = make_cloud()
    yield cloud
    cloud.reset()


def building(cloud: LocalCloud) -> Cgroup:
    return Cgroup(cloud.layout.cgroup / "object-store-build")


def test_a_start_does_not_wait_for_the_object_store(cloud: LocalCloud) -> None:
    cloud.start(object_store_later=True)
    status = cloud.status()
    assert status.running
    assert "is still being built" in status.later
    processes = building(cloud).processes()
    cloud.start(object_store_later=True)
    assert set(processes) & set(building(cloud).processes())

    # The other tests of a suite would leave it little time.
    ObjectStoreBuild(cloud.layout).hurry()
    eventually(cloud.objects.running, "the object store", 300)
    eventually(lambda: not building(cloud).populated(), "the end of the build")
    assert (cloud.layout.objects / "buckets" / BACKUP_BUCKET).is_dir()
    assert cloud.status().later == ""
    server = Cgroup(cloud.layout.cgroup / "object-store").processes()
    assert [os.getpriority(os.PRIO_PROCESS, process) for process in server] == [0] * len(server)
    assert building(cloud).processes() == []


def test_a_command_that_needs_the_object_store_waits_for_it(cloud: LocalCloud) -> None:
    said: list[str] = []
    cloud.start(object_store_later=True)
    LocalCloud(cloud.layout.name, said.append).await_object_store(["etcdctl", "get", "/"])
    assert said == []
    LocalCloud(cloud.layout.name, said.append).await_object_store()
    assert "waiting for the S3 server" in said[0]
    assert cloud.objects.running()


def test_a_build_that_somebody_waits_for_has_the_usual_priority(cloud: LocalCloud) -> None:
    def priorities() -> set[int]:
        found = set[int]()
        for process in building(cloud).processes():
            with suppress(ProcessLookupError):
                found.add(os.getpriority(os.PRIO_PROCESS, process))
        return found

    cloud.start(object_store_later=True)
    eventually(lambda: 19 in priorities(), "the low priority")
    ObjectStoreBuild(cloud.layout).hurry()
    assert 19 not in priorities()


def test_the_build_ends_with_the_local_cloud_and_is_repeated(cloud: LocalCloud) -> None:
    cloud.start(object_store_later=True)
    assert building(cloud).populated()
    cloud.stop()
    assert traces(cloud.layout.name) == set()
    assert built_object_store() is None
    cloud.start()
    assert cloud.objects.running()


def test_two_local_clouds_share_one_build(cloud: LocalCloud, make_cloud: Callable[[], LocalCloud]) -> None:
    other = make_cloud()
    for one in (cloud, other):
        one.start(object_store_later=True)
    logs = [one.layout.logs / "object-store-build.log" for one in (cloud, other)]
    eventually(
        lambda: any("Building an S3 server" in log.read_text() for log in logs), "a build that has begun", 300
    )
    for one in (cloud, other):
        one.await_object_store()
        eventually(lambda one=one: not building(one).populated(), "the end of the build", 60)
    assert sum("Building an S3 server: done" in log.read_text() for log in logs) == 1
    other.reset()


def test_a_failed_build_is_told_and_tried_again(
    cloud: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as offline:
        offline.setenv("GOPROXY", "off")
        offline.setenv("GOMODCACHE", str(tmp_path / "modules"))
        cloud.start(object_store_later=True)
        ObjectStoreBuild(cloud.layout).hurry()
        eventually(lambda: not building(cloud).populated(), "the end of the build", 180)
    status = cloud.status()
    assert not status.running
    assert status.problem.startswith("its object store is not built (")
    cloud.start(object_store_later=True)
    cloud.await_object_store()
    assert cloud.status().running


def test_the_command_line_waits_before_it_takes_a_backup(cloud: LocalCloud) -> None:
    cloud.start(object_store_later=True)
    command = [sys.executable, "-m", "localcloud.cli.main", "--name", cloud.layout.name, "backup"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert "waiting for the S3 server" in result.stderr
    assert "no machine runs a healthy etcd" in result.stderr
    assert cloud.objects.running()
