"""Names of tests, as CONTRIBUTING.md wants them."""

from __future__ import annotations

import re

from tests.unit.project.stack_files import CHECKOUT

LONGEST = 70


def test_names_of_tests_are_short() -> None:
    long = [
        f"{file.relative_to(CHECKOUT)}: {name}"
        for file in sorted(CHECKOUT.glob("tests/**/test_*.py"))
        for name in re.findall(
            r"^ *(?:async )?def test_(\w+)", file.read_text(encoding="utf-8"), re.MULTILINE
        )
        if len(name) > LONGEST
    ]
    assert long == []
