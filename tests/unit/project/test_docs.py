"""The pages name only what exists."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from inspect import signature
from pathlib import Path
from urllib.parse import unquote

import pulumi
import pytest
import yaml

from localcloud.api.catalog import SIZES
from localcloud.toolchain.engine import ENGINE_VERSION
from tests.unit.project.stack_files import CHECKOUT

PAGES = sorted(
    [*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/**/*.md"), *CHECKOUT.glob("examples/*.md")],
)
BY_NAME = [pytest.param(page, id=str(page.relative_to(CHECKOUT))) for page in PAGES]
HISTORY = CHECKOUT / "CHANGELOG.md"
"""The one page that names what no longer exists."""
TODAY = [pytest.param(page, id=str(page.relative_to(CHECKOUT))) for page in PAGES if page != HISTORY]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
UNIT = re.compile(r"\b(?:etcd-[a-z-]+|preparecluster)(?:@?\.(?:service|timer|socket))")
UNIT_IN_A_COMMAND = re.compile(
    r"(?:journalctl[^`\n]*? -f?u|systemctl (?:re)?start|systemctl status) '?([a-z][a-z@-]*)"
)
SAVED = re.compile(r"(?:[^=-]> |--file |-out |snapshot save )([\w./-]+\.(?:pem|key|crt|json|db))")
OTHER_UNITS = frozenset({"do-agent", "reboot"})
"""Units of the base system that pages name."""
FUNCTION = re.compile(r"`(\w+)` of\s\[[\w.]+\]\(([\w./-]+\.py)\)")
USD_PER_GIB_OF_VOLUME = 0.10
"""Price of a volume a month, as docs/cost.md has it."""
README_LINES = 100
"""Two screens of 50 lines."""


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@cache
def tracked() -> frozenset[str]:
    """Paths of all files in the checkout that are not ignored, and of their folders."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    files = [Path(line) for line in listing.stdout.splitlines()]
    return frozenset(str(path) for file in files for path in (file, *file.parents))


def is_ignored(path: str) -> bool:
    """Whether git ignores a path, because a command of the project makes it."""
    return not subprocess.run(["git", "check-ignore", "--quiet", path], cwd=CHECKOUT, check=False).returncode


@cache
def words_of_the_code() -> frozenset[str]:
    """All words in files that are not pages, and the SDK's options of resources."""
    files = [
        CHECKOUT / path for path in tracked() if Path(path).suffix in {".py", ".yaml", ".toml", ".service"}
    ]
    options = signature(pulumi.ResourceOptions.__init__).parameters
    return frozenset([*options, *(word for file in files for word in re.findall(r"\w+", text_of(file)))])


@cache
def names_of_tests() -> frozenset[str]:
    """Names of all test functions."""
    return frozenset(
        node.name
        for file in CHECKOUT.glob("tests/**/test_*.py")
        for node in ast.walk(ast.parse(text_of(file)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the page's headings."""
    headings = re.findall(r"^#+ (.+)$", text_of(page), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def codes(page: Path) -> Iterator[str]:
    """What the page shows as code within a line."""
    yield from CODE.findall(text_of(page))


def saved_files(page: Path) -> Iterator[str]:
    """Files in the operator's folder that commands of the page write: certificates, keys, states and snapshots."""
    commands = "".join(re.findall(r"^ {4}.*\n", text_of(page), re.M)) + "\n".join(codes(page))
    return (path for path in SAVED.findall(commands) if not path.startswith("/"))


@pytest.mark.parametrize("page", BY_NAME)
def test_links_within_the_checkout_lead_to_files_and_headings(page: Path) -> None:
    for link in LINK.findall(text_of(page)):
        if "://" in link:
            continue
        name, _, anchor = unquote(link).partition("#")
        target = (page.parent / name).resolve() if name else page
        assert str(target.relative_to(CHECKOUT)) in tracked(), f"{link} leads to no file"
        if anchor:
            assert anchor in anchors(target), f"{link}: {target.name} has no such heading"


@pytest.mark.parametrize("page", BY_NAME)
def test_a_file_that_a_page_names_exists(page: Path) -> None:
    roots = {path.name for path in CHECKOUT.iterdir()}
    for code in codes(page):
        if re.fullmatch(r"[\w.-]+(/[\w.-]+)*/?", code) and code.split("/")[0] in roots and "/" in code:
            assert code.rstrip("/") in tracked() or is_ignored(code), f"there is no {code}"


@pytest.mark.parametrize("page", TODAY)
def test_git_ignores_what_a_page_saves_in_the_checkout(page: Path) -> None:
    for path in saved_files(page):
        assert is_ignored(path), f"{path} can be committed: add it to .gitignore"


@pytest.mark.parametrize("page", TODAY)
def test_a_page_saves_keys_for_nobody_else_to_read(page: Path) -> None:
    for block in re.findall(r"(?:^ {4}.*\n)+", text_of(page), re.M):
        before, found, _ = block.partition("--show-secrets")
        assert not found or "umask 077" in before, f"others can read what this saves: {block}"


def test_git_ignores_no_file_of_the_project() -> None:
    command = ["git", "ls-files", "--cached", "--ignored", "--exclude-standard"]
    assert not subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("page", TODAY)
def test_a_test_that_a_page_names_exists(page: Path) -> None:
    files = {Path(path).name for path in tracked()}
    for name in re.findall(r"\btest_\w+(?:\.py)?", text_of(page)):
        assert name in (files if name.endswith(".py") else names_of_tests()), f"there is no {name}"


@pytest.mark.parametrize("page", TODAY)
def test_a_name_in_the_code_that_a_page_uses_exists(page: Path) -> None:
    for code in codes(page):
        if re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", code):
            assert code in words_of_the_code(), f"there is no {code}"
    for name, link in FUNCTION.findall(text_of(page)):
        defined = re.compile(rf"^ *(async )?def {name}\b", re.M)
        assert defined.search(text_of(page.parent / link)), f"there is no {name} in {link}"


@pytest.mark.parametrize("page", TODAY)
def test_a_unit_that_a_page_names_exists(page: Path) -> None:
    units = {Path(path).name for path in tracked() if path.startswith("cloud-init/")}
    short = {name.partition(".")[0] for name in units}
    for name in UNIT.findall(text_of(page)):
        assert name in units, f"there is no unit {name}"
    for name in UNIT_IN_A_COMMAND.findall(text_of(page)):
        assert name in short | OTHER_UNITS, f"there is no unit {name}"


@pytest.mark.parametrize("page", BY_NAME)
def test_a_setting_that_a_page_names_exists(page: Path) -> None:
    keys = yaml.safe_load(text_of(CHECKOUT / "Pulumi.yaml"))["config"].keys()
    for key in re.findall(r"\betcd:([a-z]\w+)", text_of(page)):
        if key != "index":
            assert key in keys or any(known.startswith(key) for known in keys), f"there is no etcd:{key}"


@pytest.mark.parametrize("page", BY_NAME)
def test_a_target_of_make_that_a_page_names_exists(page: Path) -> None:
    targets = re.findall(r"^([\w./-]+):", text_of(CHECKOUT / "Makefile"), re.M)
    for code in codes(page):
        if named := re.match(r"make ([\w./-]+)", code):
            assert named[1] in targets, f"there is no make {named[1]}"


def test_no_command_for_the_shell_starts_the_local_cloud() -> None:
    """In ``make shell`` these targets are refused."""
    rules = re.findall(r"^([a-z-]+):.*\n((?:\t.*\n)+)", text_of(CHECKOUT / "Makefile"), re.MULTILINE)
    starting = {name for name, recipe in rules if re.search(r"\$\(LOCALCLOUD\) (start|monitoring)", recipe)}
    assert {"up", "console", "shell", "monitoring"} <= starting
    in_shell, _, _ = text_of(CHECKOUT / "docs" / "everyday-commands.md").partition("## On a member")
    rows = [line for line in in_shell.splitlines() if line.startswith("|")]
    assert len(rows) > 5
    assert starting.isdisjoint(re.findall(r"make ([a-z-]+)", "".join(rows)))


def test_the_index_lists_each_page() -> None:
    links = {
        (CHECKOUT / "docs" / link.partition("#")[0]).resolve()
        for link in LINK.findall(text_of(CHECKOUT / "docs/README.md"))
    }
    decisions = set(CHECKOUT.glob("docs/decisions/*.md")) - {CHECKOUT / "docs/decisions/README.md"}
    assert links >= set(PAGES) - decisions - {CHECKOUT / "docs/README.md"}


def test_the_index_of_decisions_lists_each_of_them() -> None:
    folder = CHECKOUT / "docs/decisions"
    links = set(LINK.findall(text_of(folder / "README.md")))
    assert links >= {file.name for file in folder.glob("*.md")} - {"README.md"}


@pytest.mark.parametrize(("root", "heading"), [("components", "program"), ("cloud-init/etcd_node", "node")])
def test_the_architecture_page_says_what_each_folder_does(root: str, heading: str) -> None:
    page = text_of(CHECKOUT / "docs/architecture.md")
    section = page.split(f"### The {heading}")[1].split("\n### ")[0]
    for package in CHECKOUT.glob(f"{root}/*/__init__.py"):
        assert f"\n| `{package.parent.name}/` |" in section


def test_the_readme_fits_on_two_screens() -> None:
    assert len(text_of(CHECKOUT / "README.md").splitlines()) <= README_LINES


def test_the_readme_names_the_versions_of_engine_and_sdk() -> None:
    readme = text_of(CHECKOUT / "README.md")
    sdk = re.search(r'"pulumi>=(\d+\.\d+),', text_of(CHECKOUT / "pyproject.toml"))
    assert f"engine {ENGINE_VERSION} or newer" in readme
    assert sdk
    assert f"SDK {sdk[1]}" in readme


def test_the_pages_say_what_the_defaults_cost() -> None:
    config = yaml.safe_load(text_of(CHECKOUT / "Pulumi.yaml"))["config"]
    members, gib = config["size"]["default"], config["volumeSize"]["default"]
    total = members * (SIZES[config["dropletSize"]["default"]].monthly + gib * USD_PER_GIB_OF_VOLUME)
    assert f"are {total:.0f} US dollars a month" in text_of(CHECKOUT / "README.md")
    assert f"**${total:.2f}**" in text_of(CHECKOUT / "docs/cost.md")


def test_the_changelog_begins_with_what_is_unreleased() -> None:
    assert re.findall(r"^## \[([^\]]+)\]", text_of(HISTORY), re.M)[0] == "Unreleased"
