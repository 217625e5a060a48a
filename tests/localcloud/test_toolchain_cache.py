"""The cache of what is slow to make."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from localcloud.toolchain import cache
from localcloud.toolchain.errors import ToolchainError
from localcloud.toolchain.progress import Work

WORK = Work("Making a thing", "a test needs it", "no time")
KEY = "0123456789abcdef" * 4


class Builds:
    """A build that counts its runs, and can be made to fail."""

    def __init__(self, failure: BaseException | None = None) -> None:
        self.count = 0
        self.failure = failure

    def __call__(self, folder: Path, show: cache.Show) -> None:
        self.count += 1
        show("a line of output")
        (folder / "part").write_text("half")
        if self.failure:
            raise self.failure
        (folder / "thing").write_text("whole")


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "etcd-localcloud"


def test_a_thing_is_made_once(root: Path) -> None:
    build = Builds()
    first = cache.ensure("thing", KEY, WORK, build)
    second = cache.ensure("thing", KEY, WORK, build)
    assert first == second == root / "thing-0123456789abcdef"
    assert (first / "thing").read_text() == "whole"
    assert build.count == 1


def test_a_changed_digest_makes_another(root: Path) -> None:
    build = Builds()
    cache.ensure("thing", KEY, WORK, build)
    cache.ensure("thing", KEY[::-1], WORK, build)
    assert build.count == 2


@pytest.mark.parametrize(
    "failure", [ToolchainError("no network"), KeyboardInterrupt()], ids=["failed", "interrupted"]
)
def test_unfinished_work_leaves_nothing_and_is_tried_again(root: Path, failure: BaseException) -> None:
    with pytest.raises(type(failure)):
        cache.ensure("thing", KEY, WORK, Builds(failure))
    assert [path.name for path in root.iterdir()] == ["thing.lock"]
    assert (cache.ensure("thing", KEY, WORK, Builds()) / "thing").exists()


def test_what_a_killed_process_left_is_removed(root: Path) -> None:
    leftover = root / "thing-aaaaaaaaaaaaaaaa.tmp"
    leftover.mkdir(parents=True)
    cache.ensure("thing", KEY, WORK, Builds())
    assert not leftover.exists()


def test_two_at_once_share_one_result(root: Path) -> None:
    started, release = threading.Event(), threading.Event()

    def slow(folder: Path, show: cache.Show) -> None:
        started.set()
        assert release.wait(20)
        (folder / "thing").write_text("whole")

    second = Builds()
    first_thread = threading.Thread(target=cache.ensure, args=("thing", KEY, WORK, slow))
    first_thread.start()
    assert started.wait(20)
    second_thread = threading.Thread(target=cache.ensure, args=("thing", KEY, WORK, second))
    second_thread.start()
    release.set()
    first_thread.join(20)
    second_thread.join(20)
    assert second.count == 0
    assert (root / "thing-0123456789abcdef" / "thing").exists()


def test_waiting_for_another_process_ends_with_its_number(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "LOCK_SECONDS", 0.0)

    def build(folder: Path, show: cache.Show) -> None:
        with pytest.raises(ToolchainError, match=f"locked by process {os.getpid()}.*end that process"):
            cache.ensure("thing", KEY[::-1], WORK, Builds())

    cache.ensure("thing", KEY, WORK, build)


def test_what_is_long_unused_goes_when_another_of_its_kind_is_made(root: Path) -> None:
    old = time.time() - (cache.UNUSED_DAYS + 1) * 86400
    for name in ("thing-aaaaaaaaaaaaaaaa", "other-aaaaaaaaaaaaaaaa", "thing-more-aaaaaaaaaaaaaaaa"):
        (root / name).mkdir(parents=True)
        os.utime(root / name, (old, old))
    (root / "thing-bbbbbbbbbbbbbbbb").mkdir()
    cache.ensure("thing", KEY, WORK, Builds())
    assert sorted(path.name for path in root.iterdir() if path.is_dir()) == [
        "other-aaaaaaaaaaaaaaaa",
        "thing-0123456789abcdef",
        "thing-bbbbbbbbbbbbbbbb",
        "thing-more-aaaaaaaaaaaaaaaa",
    ]


def test_use_keeps_an_entry(root: Path) -> None:
    entry = cache.ensure("thing", KEY, WORK, Builds())
    old = time.time() - (cache.UNUSED_DAYS + 1) * 86400
    os.utime(entry, (old, old))
    cache.ensure("thing", KEY, WORK, Builds())
    cache.ensure("thing", KEY[::-1], WORK, Builds())
    assert entry.exists()


def test_a_digest_tells_inputs_apart(tmp_path: Path) -> None:
    folder = tmp_path / "recipe"
    folder.mkdir()
    script = folder / "script"
    script.write_text("true")
    seen = {cache.digest("ab", "c"), cache.digest("a", "bc"), cache.digest(folder)}
    script.chmod(0o755)
    seen.add(cache.digest(folder))
    script.write_text("false")
    seen.add(cache.digest(folder))
    script.rename(folder / "program")
    seen.add(cache.digest(folder))
    assert len(seen) == 6
    assert cache.digest(folder) == cache.digest(folder)
