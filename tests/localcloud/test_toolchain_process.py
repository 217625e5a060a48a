"""Commands of the toolchain that cannot be started."""

from __future__ import annotations

from pathlib import Path

import pytest

from localcloud.toolchain.errors import ToolchainError
from localcloud.toolchain.process import run


def start(program: Path) -> None:
    run([program, "build"], show=lambda line: None, limit=10)


def test_a_program_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        ToolchainError, match=rf"`{tmp_path}/go build` cannot .*: {tmp_path}/go is not installed$"
    ):
        start(tmp_path / "go")


def test_a_program_that_may_not_be_executed_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "go").touch(mode=0o644)
    with pytest.raises(
        ToolchainError,
        match=rf"cannot execute {tmp_path}/go\. .* noexec, set XDG_CACHE_HOME to a folder on another",
    ):
        start(tmp_path / "go")
