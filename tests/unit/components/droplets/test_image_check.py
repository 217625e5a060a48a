"""Which images can run the members, as far as DigitalOcean tells."""

from __future__ import annotations

from typing import Any

import pytest

from components.droplets.image_check import image_problem, image_warning

PUBLIC = {
    "public": True,
    "distribution": "Debian",
    "slug": "debian-13-x64",
    "name": "13 x64",
    "status": "available",
}
OWN = {"public": False, "distribution": "Debian", "slug": None, "name": "members 2026", "status": "available"}
RELEASE_UNKNOWN = (
    "DigitalOcean does not show its release, and members need Debian 13 or newer, with systemd 254"
)


@pytest.mark.parametrize(
    ("image", "problem"),
    [
        (
            PUBLIC | {"slug": "debian-12-x64"},
            "it is Debian 12, and members need Debian 13 or newer, with systemd 254",
        ),
        (PUBLIC | {"slug": None, "name": "12 x64"}, "it is Debian 12, and members need Debian 13"),
        (
            PUBLIC | {"distribution": "Ubuntu", "slug": "ubuntu-24-04-x64"},
            "it is Ubuntu, and members need Debian",
        ),
        (
            PUBLIC | {"distribution": "Rocky Linux", "slug": "rockylinux-9-x64"},
            "it is Rocky Linux, and members",
        ),
        (OWN | {"distribution": "Ubuntu"}, "it is Ubuntu, and members need Debian"),
        (OWN | {"status": "pending"}, "its status is pending: use one that is available"),
        (PUBLIC | {"status": "retired"}, "its status is retired: use one that is available"),
    ],
)
def test_an_image_that_cannot_run_a_member_is_refused(image: dict[str, Any], problem: str) -> None:
    assert image_problem(image).startswith(problem)
    assert "debian-13-x64" in image_problem(image)


@pytest.mark.parametrize("slug", ["debian-13-x64", "debian-14-x64"])
def test_a_debian_that_is_new_enough_is_accepted_in_silence(slug: str) -> None:
    assert image_problem(PUBLIC | {"slug": slug}) == image_warning(PUBLIC | {"slug": slug}) == ""


@pytest.mark.parametrize(
    "image",
    [
        OWN,
        OWN | {"distribution": "Unknown OS"},
        OWN | {"distribution": "Debian", "name": "12 x64"},
        PUBLIC | {"slug": "someapp-20", "name": "Some app on Debian"},
    ],
    ids=["snapshot", "custom image", "snapshot with another's name", "one-click app"],
)
def test_an_image_of_an_unknown_release_is_accepted_with_a_warning(image: dict[str, Any]) -> None:
    assert image_problem(image) == ""
    assert image_warning(image).startswith(RELEASE_UNKNOWN)
