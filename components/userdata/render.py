"""Render the cloud-init document of a member's droplet.

The template ``cloud-init/user-data.yaml`` names the files of the document and of its two archives. The node's archive
is the same on all droplets. The member's has settings, the token, certificates and keys.
"""

from __future__ import annotations

import functools
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pulumi
import yaml

from . import base94
from .archive import ArchivedFile
from .member_archive import pack_member
from .node_config import NodeConfig
from .packing import pack_sources
from .stripping import stripped

LIMIT = 65_536
"""Bytes of user data that DigitalOcean accepts (API reference, droplet create, ``user_data``: 64 KiB)."""

DEFAULT_PERMISSIONS = "0644"
"""Permissions that cloud-init gives to a file by default. The document leaves them out, which saves 0.2 KB."""

PACKED_SUFFIXES = frozenset({".py", ".service", ".slice", ".socket", ".timer"})
"""Suffixes of the files that are packed from a folder of the archive."""

LONGEST_LINE = 120
"""Characters of the longest text that the document has as it is."""

PACKAGE = Path(__file__).resolve().parents[1]
"""The folder of this package: ``components`` in a checkout, ``etcd_digitalocean`` where a wheel was installed."""

SOURCES = next(
    folder / "cloud-init" for folder in (PACKAGE, PACKAGE.parent) if (folder / "cloud-init").is_dir()
)
"""The folder with the droplets' files. A wheel has it inside the package, and a checkout beside it."""


class TooLargeError(pulumi.RunError):
    """The user data is larger than DigitalOcean accepts."""

    def __init__(self, subject: str, size: int, remedy: str) -> None:
        super().__init__(f"{subject} {size} bytes, and DigitalOcean accepts at most {LIMIT}: {remedy}")


class _Document(yaml.SafeDumper):
    """Writes a long text in double quotes, or as a block if quotes would escape more than its line ends."""

    def represent_scalar(self, tag: str, value: Any, style: str | None = None) -> yaml.ScalarNode:
        if isinstance(value, str) and ("\n" in value or len(value) > LONGEST_LINE):
            style = "|" if '"' in value or "\\" in value else '"'
        return super().represent_scalar(tag, value, style)  # pyright: ignore[reportUnknownMemberType]


def render_user_data(node: NodeConfig, remedy: str = "shorten the longest settings") -> str:
    """The cloud-init document of one droplet.

    Raises ``TooLargeError``, which has the ``remedy``, if it is larger than ``LIMIT``.
    """
    document = render(node)
    check_size(f"the user data of {node.settings.name} has", len(document.encode()), remedy)
    return document


def check_size(subject: str, size: int, remedy: str) -> None:
    """Raise ``TooLargeError`` if ``size``, in bytes, is larger than ``LIMIT``."""
    if size > LIMIT:
        raise TooLargeError(subject, size, remedy)


def render(node: NodeConfig) -> str:
    """The cloud-init document of one droplet, of any size. Equal configurations give equal texts."""
    values = _values(node)
    parts = ["#cloud-config\n"]
    for key, value in _template().items():
        if key == "write_files":
            parts += [f"{key}:\n", *(_dumped_file(*_file(entry, values)) for entry in value)]
        else:
            parts.append(_dumped({key: value}))
    return "".join(parts)


def archive_files() -> dict[str, Path]:
    """The files of the node's archive, by their paths on the droplet, relative to its root."""
    (listed,) = (entry["archive"] for entry in _template()["write_files"] if "archive" in entry)
    files: dict[str, Path] = {}
    for target, source in listed.items():
        if target.endswith("/"):
            files |= {f"{target}{name}": file for name, file in _folder(_repository_path(source)).items()}
        else:
            files[target] = _repository_path(source)
    return files


def _repository_path(name: str) -> Path:
    """A file or folder that the template names by its path in the repository."""
    folder, _, rest = name.partition("/")
    return {"cloud-init": SOURCES, "components": PACKAGE}[folder] / rest


def _folder(folder: Path) -> dict[str, Path]:
    """Modules and units in a folder, by their paths in it. Bytecode and the files of editors are left out."""
    files = (file for file in folder.rglob("*") if file.suffix in PACKED_SUFFIXES)
    return {file.relative_to(folder).as_posix(): file for file in files}


def _values(node: NodeConfig) -> dict[str, str]:
    """Texts by the names that the template uses."""
    return {
        "settings": json.dumps(asdict(node.settings), indent=2) + "\n",
        "api_token": node.api_token + "\n",
        "backup": json.dumps(node.backup.as_json(), indent=2) + "\n" if node.backup else "",
        **asdict(node.certificates),
    }


def _content(entry: dict[str, Any], values: dict[str, str]) -> str:
    """The text of a file."""
    if "source" in entry:
        return stripped(entry["source"], (SOURCES / entry["source"]).read_text(encoding="utf-8"))
    # Not base64, which cloud-init would decode: it takes 4 KB more of the limit.
    return _node_archive() if "archive" in entry else base94.encode(_member_archive(entry["member"], values))


def _member_archive(listed: dict[str, dict[str, str]], values: dict[str, str]) -> bytes:
    """The files that differ between members. One whose text is empty is left out."""
    texts = {path: (values[options["value"]], options) for path, options in listed.items()}
    return pack_member(
        ArchivedFile(path, text, **{key: options[key] for key in options if key != "value"})
        for path, (text, options) in texts.items()
        if text
    )


def _file(entry: dict[str, Any], values: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """The entry of ``write_files`` for a file."""
    keys = [key for key in ("path", "permissions") if entry.get(key) not in {None, DEFAULT_PERMISSIONS}]
    return (*((key, entry[key]) for key in keys), ("content", _content(entry, values)))


def _dumped(value: object) -> str:
    text = yaml.dump(value, Dumper=_Document, sort_keys=False, width=LIMIT, allow_unicode=True)
    # After a text that ends with empty lines, PyYAML marks the end of the document, which goes on here.
    return text[:-4] if text.endswith("\n...\n") else text


# The members of a cluster share most files, so a run makes these once.
@functools.cache
def _template() -> dict[str, Any]:
    return yaml.safe_load((SOURCES / "user-data.yaml").read_text(encoding="utf-8"))


@functools.cache
def _dumped_file(*file: tuple[str, str]) -> str:
    return _dumped([dict(file)])


@functools.cache
def _node_archive() -> str:
    return base94.encode(pack_sources(archive_files(), SOURCES / "unpack_files.py", Path(__file__).parent))
