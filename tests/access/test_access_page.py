"""The commands of docs/access.md, run as they are written."""

from __future__ import annotations

import re
import shutil

import pytest

from localcloud.checkout import CHECKOUT
from tests.access.stack import APP, AccessStack

PAGE = CHECKOUT / "docs/access.md"


def script(heading: str, *parts: str) -> str:
    """The blocks of code below a heading that contain one of the parts, in order."""
    text = PAGE.read_text(encoding="utf-8")
    _, found, rest = text.partition(f"\n## {heading}\n")
    assert found, f"docs/access.md has no section {heading}"
    blocks = re.findall(r"(?:^ {4}.*\n)+", rest.partition("\n## ")[0], re.MULTILINE)
    chosen = [next(block for block in blocks if part in block) for part in parts]
    return "".join(chosen)


def run(stack: AccessStack, text: str, **values: str) -> str:
    """Run a script in the stack's folder, with values for its words. Its files stay there."""
    for word, value in values.items():
        assert word in text, word
        text = text.replace(word, value)
    done = stack.run("sh", "-euc", text)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_a_client_uses_its_files_as_the_page_says(stack: AccessStack) -> None:
    text = script("A client's files", "client-shop-certificate", "etcdctl put")
    # The page has another client.
    assert run(stack, text, shop=APP, colour="page").strip().endswith("OK")


def test_a_member_uses_its_management_certificate_as_the_page_says(stack: AccessStack) -> None:
    text = script("The management certificate", "/etc/etcd/management.pem")
    for name in stack.names:
        assert APP in stack.on(name, text)


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_certificates_of_root_are_found_in_the_state_and_made(stack: AccessStack) -> None:
    tag = f"etcd-etcd-{stack.stack}"
    exported = script("The management certificate", "LocallySignedCert::CLUSTER-management")
    assert APP in run(stack, exported, CLUSTER=tag)
    run(stack, "pulumi stack output caCertificate > ca.pem")
    made = script("The management certificate", "CLUSTER-ca-key")
    assert APP in run(stack, made, **{"CLUSTER": tag, "auth disable": "user list"})
    keys = "state.json management-key.pem ca-key.pem root-key.pem"
    assert not run(stack, f"find {keys} -perm /077"), "others can read keys"
    run(stack, script("The management certificate", "rm -f"))
    assert not run(stack, f"ls {keys} 2>/dev/null || true"), "keys are left"


def test_connections_are_cut_as_the_page_says(stack: AccessStack) -> None:
    text = script("To remove a client", "ss -K")
    with stack.case("all connections of clients cut"):
        for name in stack.names:
            assert ":2379" in stack.on(name, text.replace(" dst ADDRESS", ""))
