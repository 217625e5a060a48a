"""A value of a wrong shape has one line of advice, in a stack's configuration and in arguments alike."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from components.arguments.values import arguments_of
from components.config.forms import FORMS, SECRETS, Form, example_of
from components.config.naming import ArgumentNames, argument_of, named_by
from components.config.settings import Settings
from tests.unit.components.arguments.test_values import errors
from tests.unit.components.config.configuration_errors import load_errors, validation_errors
from tests.unit.components.config.valid_settings import BACKUPS, VALID

OF_PYDANTIC = re.compile(
    r"Input should|[Uu]nable to|\bvalid (tuple|list|string|integer|number|boolean)\b|greater than|less than|"
    r"should have|at least 1 item|Field required|Value error|Extra inputs|pydantic|Tuple|Expected"
)
ADVICE = re.compile(r"\b(write|use|set|name|list|create|run|keep|remove|needs|must be)\b")
ENVIRONMENT = {"DIGITALOCEAN_TOKEN": "t", "CLOUDFLARE_API_TOKEN": "t"}
OF_NUMBERS = (True, False, "3", "three", 2.0, 2.5, float("nan"), -1, [], [3], {}, b"3", object())
OF_BOOLEANS = ("true", "yes", 1, 0, 1.0, [], [True], {}, object())
OF_TEXTS = (True, 1, 2.0, [], ["x"], {"a": 1}, b"x", object())
OF_LISTS = ("x", "3", 1, True, 2.0, {"a": 1}, {"x"}, [[]], [{}], [""], [2.5], [None], [True], object())
IN_CONFIGURATION = ("yes and no", " ", "[", "-1.5", "{}", [""], [None], [True], [[]], {"a": 1}, "%" * 70)


def wrong_values(key: str) -> tuple[Any, ...]:
    """Values that no argument of this type takes."""
    form = FORMS[key]
    if form.listed:
        return OF_LISTS
    return {int: OF_NUMBERS, bool: OF_BOOLEANS}.get(form.kind, OF_TEXTS)


def values_with(key: str, value: Any) -> dict[str, Any]:
    """Valid settings in which one key has this value."""
    others = (
        BACKUPS
        if key.startswith("backup") or key == "restoreFrom"
        else {"auth": True}
        if key == "clients"
        else {}
    )
    return {**VALID, **others, key: value}


@pytest.mark.parametrize("key", sorted(FORMS))
def test_a_wrong_argument_has_one_line_of_plain_advice(key: str) -> None:
    for value in wrong_values(key):
        (error,) = errors(arguments_of(values_with(key, value)))
        assert re.match(rf"args\.{re.escape(argument_of(key))}(\[0\](\.name)?)? is ", error), error
        assert ADVICE.search(error.partition(": ")[2]), error
        assert not OF_PYDANTIC.search(error), error


@pytest.mark.parametrize("key", sorted(FORMS))
def test_a_wrong_value_of_the_configuration_has_one_line_of_advice(key: str) -> None:
    for value in IN_CONFIGURATION:
        found = load_errors(values_with(key, value), {}, ENVIRONMENT)
        assert len(found) <= 1, found
        # These keys take almost any text.
        if key not in SECRETS | {"restoreFrom"}:
            assert found, value
        for error in found:
            assert error.startswith(f"etcd:{key}"), error
            assert ADVICE.search(error.partition(": ")[2]), error
            assert not OF_PYDANTIC.search(error), error


@pytest.mark.parametrize("key", sorted(FORMS))
def test_an_empty_argument_is_refused_and_an_empty_key_is_not_set(key: str) -> None:
    (error,) = errors(arguments_of(values_with(key, "")))
    assert error.startswith(f'args.{argument_of(key)} is "": ')
    assert ADVICE.search(error.partition(": ")[2])
    if key not in {"domain", "discoveryToken", "clientCidrs", *BACKUPS}:
        assert load_errors(values_with(key, ""), {}, ENVIRONMENT) == []


@pytest.mark.parametrize("key", sorted({*FORMS} - SECRETS - {"zoneId", "backupCaCertificate"}))
def test_the_example_of_a_key_is_valid(key: str) -> None:
    others = {"zone": example_of("zone"), "auth": True, **BACKUPS}
    Settings.model_validate(
        {**VALID, **others, "backupEndpoint": "https://s3.example.com", key: example_of(key)}
    )
    assert example_of(key) not in ("", [])


def parts_of(form: Form) -> list[tuple[int | str, ...]]:
    """The paths of all parts that a value of this form may have."""
    inner: list[tuple[int | str, Form]] = [(0, form.entry)] if form.listed else [*form.fields.items()]
    return [(), *((step, *path) for step, part in inner for path in parts_of(part))]


@pytest.mark.parametrize("key", sorted({*FORMS} - SECRETS))
def test_every_part_of_a_value_has_an_example(key: str) -> None:
    for path in parts_of(FORMS[key]):
        assert example_of(key, path) is not None, path


CASES: list[tuple[str, Any, str]] = [
    ("size", "three", "size is three: write a whole number, such as 3"),
    ("heartbeatMs", 9, "heartbeatMs is 9: write a whole number from 10 to 5000"),
    ("authorities", [0], "authorities[0] is 0: write a whole number from 1 to 1000000000"),
    ("addresses", "both", "addresses is both: write public or private"),
    ("protect", "maybe", "protect is maybe: write true or false"),
    ("clientCidrs", [""], 'clientCidrs[0] is "": write an IPv4 network, such as 198.51.100.0/24 or 198.51.100.7/32'),
    (
        "clientCidrs",
        ["198.51.100.0/24", "198.51.100.7/24"],
        "clientCidrs[1] is 198.51.100.7/24: write 198.51.100.0/24 for the whole network, or 198.51.100.7/32 for the "
        "address alone",
    ),
    (
        "sshCidrs",
        ["198.51.100.0/0"],
        "sshCidrs[0] is 198.51.100.0/0: the prefix length 0 is probably mistyped, because no network of so many "
        "addresses begins there: write the network, such as 198.51.100.0/24 or 198.51.100.7/32",
    ),
    ("extraNames", [1], 'extraNames[0] is 1: write a string, such as "etcd.internal.example.com"'),
    ("alertEmails", ["ops@example.com", None], 'alertEmails[1] is null: write a string, such as "ops@example.com"'),
]  # fmt: skip
"""A key, its value, and the line that both callers get."""


@pytest.mark.parametrize(("key", "value", "line"), CASES)
def test_both_callers_get_the_same_line(key: str, value: Any, line: str) -> None:
    assert load_errors(values_with(key, value), {}, ENVIRONMENT) == [f"etcd:{line}"]
    assert errors(arguments_of(values_with(key, value))) == [
        f"args.{argument_of(key)}{line.removeprefix(key)}"
    ]


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("size", "3", 'members.size is "3": write a whole number, such as 3, without quotes'),
        ("size", True, "members.size is true: write a whole number, such as 3"),
        ("size", 2.0, "members.size is 2.0: write a whole number, such as 3"),
        ("protect", "true", 'maintenance.protect is "true": write true or false, without quotes'),
        ("authorities", ["1"], 'tls.authorities[0] is "1": write a whole number from 1 to 1000000000, without quotes'),
        ("sshCidrs", "10.0.0.0/8", 'network.sshCidrs is 10.0.0.0/8: write a list, such as ["10.0.0.0/8"]'),
        ("backupRetention", 0, 'backups.retention is 0: write it as a string, "0"'),
        ("compactionRetention", 10000, 'etcd.compactionRetention is 10000: write it as a string, "10000"'),
        ("image", 12345678.0, 'members.image is 12345678.0: write it as a string, "12345678"'),
        ("clients", [{"name": 7}], 'access.clients[0].name is 7: write it as a string, "7"'),
        ("version", 3.6, 'etcd.version is 3.6: write a string, such as "3.6.14"'),
        ("version", 3, 'etcd.version is 3: write a string, such as "3.6.14"'),
    ],
)  # fmt: skip
def test_no_argument_is_converted_to_another_type(key: str, value: Any, line: str) -> None:
    assert errors(arguments_of(values_with(key, value))) == [f"args.{line}"]


def test_the_texts_of_a_configuration_stand_for_numbers_and_lists() -> None:
    texts = {
        "size": "5",
        "protect": "true",
        "authorities": ["2"],
        "sshKeys": [512101],
        "sshCidrs": json.dumps(["198.51.100.0/24"]),
    }
    assert load_errors({**VALID, **texts}, {}, ENVIRONMENT) == []


@pytest.mark.parametrize(
    ("key", "given", "written"),
    [
        ("clientCidrs", "192.0.2.0/24", "192.0.2.0/24"),
        ("sshKeys", "512101", "512101"),
        ("extraFlags", "cors=*", "'cors=*'"),
        ("alertEmails", "ops", "ops@example.com"),
        ("sshCidrs", "0.0.0.0/0", "198.51.100.0/24"),
    ],
)
def test_the_advice_about_a_list_keeps_a_text_that_is_a_valid_entry(
    key: str, given: str, written: str
) -> None:
    (error,) = load_errors({**VALID, key: given}, {}, ENVIRONMENT)
    assert error == (
        f"etcd:{key} is {given}: write a list: pulumi config set --path 'etcd:{key}[0]' {written}"
    )


def test_a_list_that_needs_an_entry_says_which() -> None:
    (error,) = errors(arguments_of(values_with("clientCidrs", [])))
    assert error.startswith(
        "args.network.clientCidrs is an empty list: list the IPv4 networks of etcd's clients"
    )


def test_a_long_value_of_several_lines_is_shown_in_one() -> None:
    (error,) = validation_errors(**BACKUPS, backupPrefix="not a prefix\n" * 20)
    assert "\n" not in error
    assert len(error) < 250


def test_no_wrong_shape_shows_a_secret() -> None:
    for key in SECRETS:
        for value in (["the-secret"], {"a": "the-secret"}, ("the-secret",)):
            (error,) = errors(arguments_of(values_with(key, value)))
            assert "the-secret" not in error
    with named_by(ArgumentNames()):
        (error,) = validation_errors(discoveryToken=["the-secret"])
    assert "the-secret" not in error
