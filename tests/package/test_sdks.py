"""The callers in TypeScript and Go that examples/other-languages.md has, with generated SDKs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from localcloud.toolchain import golang
from localcloud.toolchain.engine import ENGINE_VERSION
from localcloud.toolchain.sdk_generator import ensure_sdk_generator

from .conftest import CHECKOUT, Schema

PAGE = (CHECKOUT / "examples/other-languages.md").read_text()
LIMIT = 900.0
"""Seconds for one command."""


def code(language: str) -> str:
    """The program of the page in a language."""
    (block,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return block


def run(folder: Path, *argv: str | Path, env: dict[str, str] | None = None) -> None:
    answer = subprocess.run(
        argv,
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout


def sdk(schema: Schema, language: str, folder: Path) -> None:
    """Generate the SDK of the plugin into ``sdks/etcd``, as Pulumi does."""
    file = folder / "schema.json"
    file.write_text(json.dumps(schema))
    run(folder, ensure_sdk_generator(), language, file, folder / "sdks" / "etcd")


def test_the_caller_in_typescript_compiles(schema: Schema, tmp_path: Path) -> None:
    npm = shutil.which("npm")
    if npm is None and not os.environ.get("CI"):
        pytest.skip("npm is not installed")
    sdk(schema, "nodejs", tmp_path)
    (tmp_path / "index.ts").write_text(code("typescript"))
    options = {
        "strict": True,
        "noEmit": True,
        "skipLibCheck": True,
        "target": "es2020",
        "module": "commonjs",
        "moduleResolution": "node",
        "paths": {"@pulumi/etcd": ["./sdks/etcd"]},
    }
    (tmp_path / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "files": ["index.ts"]}))
    run(
        tmp_path,
        npm or "npm",
        "install",
        "--ignore-scripts",
        "@pulumi/pulumi@3",
        "@types/node@22",
        "typescript@5.9",
    )
    run(tmp_path, "node_modules/.bin/tsc", "--project", ".")


def test_the_caller_in_go_compiles(schema: Schema, tmp_path: Path) -> None:
    sdk(schema, "go", tmp_path)
    (tmp_path / "main.go").write_text(code("go"))
    go = golang.ensure_go()
    environment = golang.environment() | {"GOFLAGS": "-mod=mod -trimpath -buildvcs=false"}
    (tmp_path / "go.mod").write_text("module caller\n\ngo 1.26.6\n")
    module = "example.com/pulumi-etcd/sdk/go"
    run(tmp_path, go, "mod", "edit", f"-replace={module}=./sdks/etcd", f"-require={module}@v0.0.0")
    run(tmp_path, go, "get", f"github.com/pulumi/pulumi/sdk/v3@v{ENGINE_VERSION}", env=environment)
    run(tmp_path, go, "mod", "tidy", env=environment)
    run(tmp_path, go, "build", "-o", tmp_path / "caller", ".", env=environment)
