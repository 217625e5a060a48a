"""Callers with generated SDKs: those in TypeScript and Go of examples/other-languages.md, and one in Python."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from localcloud.toolchain import golang
from localcloud.toolchain.engine import ENGINE_VERSION
from localcloud.toolchain.sdk_generator import ensure_sdk_generator

from .conftest import CHECKOUT, Schema

PAGE = (CHECKOUT / "examples/other-languages.md").read_text()
IN_PYTHON = """\
from collections.abc import Sequence
from typing import assert_type

import pulumi
import pulumi_etcd as etcd

cluster = etcd.EtcdCluster(
    "etcd",
    members={"size": 3, "region": "fra1"},
    network=etcd.NetworkArgs(client_cidrs=["198.51.100.7/32"]),
    dns={"domain": "etcd.example.com", "zone": "example.com"},
    access={"discovery_token": pulumi.Config().require_secret("discoveryToken")},
)
assert_type(cluster.endpoints, pulumi.Output[Sequence[str]])
assert_type(cluster.ca_certificate, pulumi.Output[str])
pulumi.export("name", cluster.members[0].name)
"""
"""A program with the SDK for Python, which Pulumi writes as for other languages."""

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


def test_the_caller_in_python_has_the_right_types(schema: Schema, tmp_path: Path) -> None:
    sdk(schema, "python", tmp_path)
    (tmp_path / "__main__.py").write_text(IN_PYTHON)
    options = {
        "include": ["__main__.py"],
        "extraPaths": ["sdks/etcd"],
        "pythonVersion": "3.11",
        "typeCheckingMode": "strict",
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(options))
    run(tmp_path, sys.executable, "-m", "pyright", "--project", ".", "--pythonpath", sys.executable)
