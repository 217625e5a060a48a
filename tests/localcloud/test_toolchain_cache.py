"""The cache for builds."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from localcloud.toolchain import cache
from localcloud.toolchain.errors import ToolchainError
from localcloud.toolchain.progress import Work

WORK = Work("Making a thing", "a test needs it", "no time", "nothing")
KEY = "0123456789abcdef" * 4


class Builds:
    """A build that counts its runs and can fail."""

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


def test_an_entry_is_built_once(root: Path) -> None:
    build = Builds()
    first = cache.ensure("thing", KEY, WORK, build)
    second = cache.ensure("thing", KEY, WORK, build)
    assert first == second == root / "thing-0123456789abcdef"
    assert (first / "thing").read_text() == "whole"
    assert build.count == 1


def test_another_digest_builds_another_entry(root: Path) -> None:
    build = Builds()
    cache.ensure("thing", KEY, WORK, build)
    cache.ensure("thing", KEY[::-1], WORK, build)
    assert build.count == 2


@pytest.mark.parametrize(
    "failure", [ToolchainError("no network"), KeyboardInterrupt()], ids=["failed", "interrupted"]
)
def test_a_failed_build_leaves_nothing_and_is_repeated(root: Path, failure: BaseException) -> None:
    with pytest.raises(type(failure)):
        cache.ensure("thing", KEY, WORK, Builds(failure))
    assert [path.name for path in root.iterdir()] == ["thing.lock"]
    assert (cache.ensure("thing", KEY, WORK, Builds()) / "thing").exists()


def test_a_full_disk_is_named_with_what_to_do(root: Path) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(
        ToolchainError, match=r"No space left on device: set XDG_CACHE_HOME .* or make room"
    ) as e:
        cache.ensure("thing", KEY, WORK, Builds(full))
    assert str(e.value).startswith(f"{root}/thing-0123456789abcdef cannot be written: ")


def test_a_cache_that_cannot_be_written_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def mkdir(folder: Path, **_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(folder))

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with pytest.raises(
        ToolchainError,
        match=f"^{re.escape(str(root))} cannot be written: Read-only file system: set XDG_CACHE_HOME ",
    ):
        cache.ensure("thing", KEY, WORK, Builds())


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS], ids=["another user's", "read-only"])
def test_an_entry_of_a_cache_that_cannot_be_written_is_used(
    root: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    (root / "thing-0123456789abcdef").mkdir(parents=True)

    def utime(_: Path) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "utime", utime)
    build = Builds()
    assert cache.ensure("thing", KEY, WORK, build) == root / "thing-0123456789abcdef"
    assert build.count == 0


def test_another_error_of_a_build_is_not_taken_for_one_of_the_cache() -> None:
    with pytest.raises(FileNotFoundError):
        cache.ensure("thing", KEY, WORK, Builds(FileNotFoundError(errno.ENOENT, "no such thing")))


@pytest.mark.parametrize(
    ("part", "options", "cache_home", "expected"),
    [
        ("etcd", [], os.devnull, r"error: /dev/null/etcd.* cannot be written: Not a directory: set XDG_CACHE_HOME .*"),
        (
            "commands", ["--directory", "/dev/null/commands"], None,
            r"error: the set-up cannot continue: .*Not a directory: '/dev/null/commands': make sure .*",
        ),
    ],
    ids=["cache", "commands"],
)  # fmt: skip
def test_a_set_up_reports_what_cannot_be_written_in_one_line(
    monkeypatch: pytest.MonkeyPatch, part: str, options: list[str], cache_home: str | None, expected: str
) -> None:
    if cache_home:
        monkeypatch.setenv("XDG_CACHE_HOME", cache_home)
    done = subprocess.run(
        [sys.executable, "-m", "localcloud.toolchain", "--only", part, *options],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert re.fullmatch(expected, done.stderr.splitlines()[-1])
    assert "Traceback" not in done.stderr


def test_files_of_a_killed_build_are_removed(root: Path) -> None:
    leftover = root / "thing-aaaaaaaaaaaaaaaa.tmp"
    leftover.mkdir(parents=True)
    cache.ensure("thing", KEY, WORK, Builds())
    assert not leftover.exists()


def test_concurrent_builds_share_one_result(root: Path) -> None:
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


def test_waiting_for_a_lock_ends_with_its_holders_process_id(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "LOCK_SECONDS", 0.0)

    def build(folder: Path, show: cache.Show) -> None:
        with pytest.raises(ToolchainError, match=f"locked by process {os.getpid()}.*end that process"):
            cache.ensure("thing", KEY[::-1], WORK, Builds())

    cache.ensure("thing", KEY, WORK, build)


def test_old_unused_entries_are_removed_when_another_is_built(root: Path) -> None:
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


def test_a_used_entry_is_kept(root: Path) -> None:
    entry = cache.ensure("thing", KEY, WORK, Builds())
    old = time.time() - (cache.UNUSED_DAYS + 1) * 86400
    os.utime(entry, (old, old))
    cache.ensure("thing", KEY, WORK, Builds())
    cache.ensure("thing", KEY[::-1], WORK, Builds())
    assert entry.exists()


def test_different_inputs_have_different_digests(tmp_path: Path) -> None:
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
