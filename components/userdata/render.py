"""What a member's droplet is told at its first boot: one cloud-init document.

The document is ``cloud-init/user-data.yaml`` with the files it names put in their place. Those files are
static; all that differs between members is one JSON file, one token and the certificates.
"""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pulumi
import yaml

from components.userdata.node_config import NodeConfig
from components.userdata.packing import pack

LIMIT = 65_536
"""Bytes of user data that DigitalOcean accepts (API reference, droplet create, ``user_data``: 64 KiB)."""

DEFAULT_PERMISSIONS = "0644"
"""What cloud-init gives a file that names none: naming them would take 0.4 KB of the limit."""

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "cloud-init"


class TooLargeError(pulumi.RunError):
    """User data that DigitalOcean would refuse."""

    def __init__(self, name: str, size: int, remedy: str) -> None:
        super().__init__(
            f"the user data of {name} has {size} bytes, and DigitalOcean accepts at most {LIMIT}: {remedy}"
        )
        self.size = size
        """Bytes."""


class _Document(yaml.SafeDumper):
    """Writes texts of several lines as block scalars, so that the document reads like the files in it."""

    def represent_scalar(self, tag: str, value: Any, style: str | None = None) -> yaml.ScalarNode:
        lines = isinstance(value, str) and "\n" in value
        style = "|" if lines else style
        return super().represent_scalar(tag, value, style)  # pyright: ignore[reportUnknownMemberType]


def render_user_data(node: NodeConfig) -> str:
    """The cloud-init document of one droplet; equal settings give an equal text.

    Raises ``TooLargeError`` over ``LIMIT``.
    """
    template = _template(SOURCES / "user-data.yaml")
    values = _values(node)
    parts = ["#cloud-config\n"]
    for key, value in template.items():
        if key == "write_files":
            files = (file for entry in value for file in _files(entry, values))
            parts += [f"{key}:\n", *(_dumped_file(tuple(file.items())) for file in files)]
        else:
            parts.append(_dumped({key: value}))
    text = "".join(parts)
    size = len(text.encode())
    if size > LIMIT:
        raise TooLargeError(node.settings.name, size, "shorten the files in cloud-init/")
    return text


def _dumped(value: object) -> str:
    text = yaml.dump(value, Dumper=_Document, sort_keys=False, width=LIMIT, allow_unicode=True)
    # After a text that ends with empty lines PyYAML marks the document's end, which this is not.
    return text[:-4] if text.endswith("\n...\n") else text


def _values(node: NodeConfig) -> dict[str, str]:
    values = {
        "settings": json.dumps(asdict(node.settings), indent=2) + "\n",
        "api_token": node.api_token + "\n",
        "backup": json.dumps(node.backup.as_json(), indent=2) + "\n" if node.backup else "",
    }
    return {**asdict(node.certificates), **values}


def _files(entry: dict[str, str], values: dict[str, str]) -> Iterator[dict[str, str]]:
    """The files of one entry: a ``source`` that is a folder stands for the files in it, an empty value for none."""
    path = entry["path"]
    rest = {key: entry[key] for key in ("permissions", "owner") if key in entry}
    if entry["permissions"] == DEFAULT_PERMISSIONS:
        del rest["permissions"]
    if "value" in entry:
        if not values[entry["value"]]:
            return
        yield {"path": path, **rest, "content": values[entry["value"]]}
    elif "package" in entry:
        # Not the b64 that cloud-init decodes: it takes a fifteenth more of the limit.
        yield {
            "path": path,
            **rest,
            "content": base64.b85encode(_packed(SOURCES / entry["package"])).decode(),
        }
    else:
        source = SOURCES / entry["source"]
        for file in sorted(source.iterdir()) if source.is_dir() else [source]:
            target = path + file.name if path.endswith("/") else path
            yield {"path": target, **rest, "content": _without_comments(file.read_text())}


def node_modules(package: Path) -> dict[str, Path]:
    """The files of a package of the node and of ``components.shared``, by their paths in the archive."""
    shared = [ROOT / "components/__init__.py", *(ROOT / "components/shared").rglob("*.py")]
    own = {file.relative_to(package.parent).as_posix(): file for file in package.rglob("*.py")}
    return {**own, **{file.relative_to(ROOT).as_posix(): file for file in shared}}


def _without_comments(text: str) -> str:
    """A unit, a script or a configuration without lines that are a comment, which would take 2 KB of the limit."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("#") or line.startswith("#!"))


# The members of a cluster differ in few files: a run makes what they share once for all of them.
@functools.cache
def _template(file: Path) -> dict[str, Any]:
    return yaml.safe_load(file.read_text())


@functools.cache
def _dumped_file(file: tuple[tuple[str, str], ...]) -> str:
    return _dumped([dict(file)])


@functools.cache
def _packed(package: Path) -> bytes:
    return pack(node_modules(package), package)
