"""The page of a real stack says what is wrong, and heals by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from components.backups.stack_file import StackError
from components.config.loading import ProviderAccess
from components.config.settings import Settings
from components.etcd.credentials import TlsTexts
from components.etcd.member_status import Cause, NoStatus
from components.run_log.folder import FOLDER_VARIABLE
from console.production import source as sources
from console.production.etcd import Etcd
from console.production.source import ProductionSource
from console.production.stack_facts import StackFacts
from console.production.tls import context_of
from console.server.source import ActionRefusedError
from console.view.actions import WriterAction
from console.view.cloud import Backup
from console.view.page import Page

SETTINGS = Settings.model_validate(
    {
        "domain": "example.com",
        "discoveryToken": "dop_v1_secret",
        "clientCidrs": ["198.51.100.0/24"],
    }
)
SECONDS = 5.0


def texts(*, days: int = 1) -> TlsTexts:
    """A certificate that ends after these days, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "etcd-operator")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return TlsTexts(pem, pem, private)


def facts(certificate: TlsTexts | None) -> StackFacts:
    return StackFacts(
        project="etcd",
        stack="fra1",
        cluster="etcd-etcd-fra1",
        settings=SETTINGS,
        addresses=dict.fromkeys(SETTINGS.member_names, "203.0.113.1"),
        certificates_end=None,
        texts=certificate,
        digitalocean=ProviderAccess("https://api.example.com"),
    )


class Stack:
    """What reading the stack gives."""

    def __init__(self) -> None:
        self.found: StackFacts | Exception = facts(texts())
        self.reads = 0

    def read(self, *_: object) -> StackFacts:
        self.reads += 1
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Stack:
    """A stack whose members and cloud are not asked."""

    def ask(self: Etcd, names: list[str], *_: object) -> None:
        self.observations = dict.fromkeys(names, NoStatus("silent", Cause.SILENT))

    async def resolve(names: list[str]) -> Mapping[str, str | None]:
        return dict.fromkeys(names)

    reading = Stack()
    monkeypatch.setattr(sources, "read_facts", reading.read)
    monkeypatch.setattr(sources, "read_history", lambda *_: [])
    monkeypatch.setattr(sources, "read_backend", lambda _: None)
    monkeypatch.setattr(sources, "resolve", resolve)
    monkeypatch.setattr(sources, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(sources, "STACK_RETRY_SECONDS", 0.02)
    monkeypatch.setattr(Etcd, "ask", ask)
    return reading


@pytest.fixture
def source(tmp_path: Path) -> ProductionSource:
    return ProductionSource("fra1", tmp_path, {FOLDER_VARIABLE: str(tmp_path / "runs")})


async def page_where(source: ProductionSource, true: Callable[[Page], bool]) -> Page:
    async with asyncio.timeout(SECONDS), aclosing(source.pages()) as pages:
        async for page in pages:
            if true(page):
                return page
    raise AssertionError("the source ended")


async def test_a_stack_that_cannot_be_read_heals_by_itself(stack: Stack, source: ProductionSource) -> None:
    stack.found = StackError("error: failed to decrypt: incorrect passphrase")
    page = await page_where(source, lambda page: "not the passphrase" in page.stack.problem)
    assert "start the console again" in page.stack.problem
    assert page.members is None
    stack.found = facts(texts())
    page = await page_where(source, lambda page: page.members is not None)
    assert "passphrase" not in page.stack.problem.lower()


async def test_a_stack_without_a_cluster_says_so(stack: Stack, source: ProductionSource) -> None:
    stack.found = facts(None)
    page = await page_where(source, lambda page: "has no cluster" in page.stack.problem)
    assert "pulumi up" in page.stack.problem
    assert page.members == []


async def test_members_behind_a_closed_firewall_are_unknown(stack: Stack, source: ProductionSource) -> None:
    page = await page_where(source, lambda page: "No packet came back" in page.stack.problem)
    assert "etcd:clientCidrs" in page.stack.problem
    assert page.members is not None
    assert {member.healthy for member in page.members} == {None}


async def test_with_an_expired_certificate_nobody_is_asked(stack: Stack, source: ProductionSource) -> None:
    stack.found = facts(texts(days=-1))
    page = await page_where(source, lambda page: "certificate of this console" in page.stack.problem)
    assert page.members is not None
    assert {member.healthy for member in page.members} == {None}
    assert all("has ended" in member.problem for member in page.members)


@pytest.mark.parametrize(
    ("days", "advice"),
    [(-1, "pulumi config set etcd:rollout all-at-once"), (1, "pulumi up issues a new one")],
)
async def test_the_advice_depends_on_the_members_certificates(
    stack: Stack, source: ProductionSource, days: int, advice: str
) -> None:
    stack.found = replace(
        facts(texts(days=-1)),
        settings=SETTINGS.model_copy(update={"volume_size": 10}),
        certificates_end=time.time() + days * 86400,
    )
    page = await page_where(source, lambda page: "certificate of this console" in page.stack.problem)
    assert advice in page.stack.problem


async def test_without_a_token_the_clouds_part_is_unknown(stack: Stack, source: ProductionSource) -> None:
    page = await page_where(source, lambda page: "digitalocean:token" in page.stack.problem)
    assert (page.cloud.volumes, page.cloud.tags, page.cloud.reach) == (None, None, None)


async def test_no_secret_is_in_the_page(stack: Stack, source: ProductionSource) -> None:
    page = await page_where(source, lambda page: "No packet came back" in page.stack.problem)
    shown = page.model_dump_json()
    assert "dop_v1_secret" not in shown
    assert "-----BEGIN" not in shown


async def test_nothing_is_read_while_no_page_is_open(stack: Stack, source: ProductionSource) -> None:
    stack.found = StackError("error: no")
    await page_where(source, lambda page: "error: no" in page.stack.problem)
    reads = stack.reads
    await asyncio.sleep(0.2)
    assert stack.reads == reads


async def test_what_was_known_before_a_pause_is_not_shown_as_current(
    stack: Stack, source: ProductionSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()
    backup = Backup(name="a", taken=1.0, size_bytes=1, member="")

    async def listed(*_: object) -> tuple[list[Backup], str]:
        if asked.is_set():
            await asyncio.Event().wait()
        return [backup], ""

    async def resolve(names: list[str]) -> Mapping[str, str | None]:
        if asked.is_set():
            await asyncio.Event().wait()
        return dict.fromkeys(names, "203.0.113.1")

    stack.found = replace(facts(texts()), settings=SETTINGS.model_copy(update={"zone": "example.com"}))
    monkeypatch.setattr(sources, "list_backups", listed)
    monkeypatch.setattr(sources, "resolve", resolve)
    page = await page_where(source, lambda page: bool(page.cloud.backups and page.cloud.records))
    assert page.cloud.backups_problem == ""
    asked.set()
    page = await page_where(source, lambda page: page.members is not None)
    assert (page.cloud.backups, page.cloud.backups_problem) == (None, "not asked yet")
    assert (page.cloud.records, page.cloud.records_problem) == (None, "not asked yet")
    assert page.members is not None
    assert {member.record for member in page.members} == {None}


async def test_every_action_is_refused(source: ProductionSource) -> None:
    with pytest.raises(ActionRefusedError, match="only shows it"):
        await source.act(WriterAction(kind="start-writer"))


def test_a_key_is_loaded_without_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_file(_: TlsTexts) -> None:
        raise AssertionError("the key is written to a file")

    monkeypatch.setattr(TlsTexts, "context", no_file)
    assert context_of(texts()).cert_store_stats()["x509"] == 1
