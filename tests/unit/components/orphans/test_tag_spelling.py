"""Which tags of a run exist with other capitals, and what helps."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from components.orphans.tag_spelling import spelling_problems

NAME = "etcd-etcd-fra1"
UP = f"{NAME}-up"
OTHER = NAME.upper()


def problems(
    listed: Collection[str], *, unused: Collection[str] = (), recorded: Collection[str] = (), rename: str = ""
) -> list[str]:
    return spelling_problems(NAME, {UP}, listed=listed, unused=unused, recorded=recorded, rename=rename)


def test_tags_that_are_spelled_alike_or_not_needed_are_no_problem() -> None:
    listed = {NAME, UP, "Web", f"{OTHER}-SIZE-5"}
    assert problems(listed, unused=listed, recorded={NAME, UP}) == []


def test_an_unused_tag_is_to_be_deleted() -> None:
    (problem,) = problems({OTHER}, unused={OTHER}, rename="use another name")
    assert problem.startswith(f"the account has the tag {OTHER}, and this cluster needs the tag {NAME}. ")
    assert problem.endswith(f"No resource has it. Delete it: doctl compute tag delete {OTHER}")


@pytest.mark.parametrize(
    ("rename", "advice"),
    [
        ("use another name", ": use another name"),
        ("", f"another tag, and delete it: doctl compute tag delete {OTHER}"),
    ],
)
def test_a_tag_of_others_stays_and_the_cluster_gets_another_name(rename: str, advice: str) -> None:
    (problem,) = problems({OTHER}, rename=rename)
    assert problem.endswith(advice)


@pytest.mark.parametrize("recorded", [UP, UP.upper()])
def test_a_marker_of_the_cluster_is_created_again(recorded: str) -> None:
    problem, *_ = problems({UP.upper()}, unused={UP.upper()}, recorded={recorded})
    assert problem.endswith(
        f"doctl compute tag delete {UP.upper()}, then doctl compute tag create {UP}, then pulumi refresh, "
        "then pulumi up"
    )


def test_a_tag_of_the_clusters_droplets_has_a_page() -> None:
    (problem,) = problems({OTHER}, recorded={OTHER})
    assert "docs/recovery.md, A tag with other capitals" in problem
    assert "doctl" not in problem


@pytest.mark.parametrize("listed", [(), (NAME,)], ids=["the tag was deleted", "it was created again"])
def test_a_state_with_other_capitals_is_to_be_refreshed(listed: Collection[str]) -> None:
    (problem,) = problems(listed, recorded={OTHER})
    assert problem.startswith(f"the state of this stack has the tag {OTHER}, ")
    assert "pulumi refresh" in problem
