"""Finds tags that a run needs and that exist with other capitals.

DigitalOcean takes names that differ only in capitals for one tag, and answers with the capitals of its first use. The
provider keeps that name in the state. So the next run would replace the tag, and take it from all that have it.
"""

from __future__ import annotations

from collections.abc import Collection


def spelling_problems(
    cluster: str,
    wanted: Collection[str],
    *,
    listed: Collection[str],
    unused: Collection[str],
    recorded: Collection[str],
    rename: str,
) -> list[str]:
    """Say which tags of a run exist with other capitals, and what to do. Empty if none does.

    ``wanted`` are the run's tags beside that of the ``cluster``. ``listed`` are all tags of the account, ``unused``
    those of them that no resource has, ``recorded`` those of the stack's state. ``rename`` says how a new cluster gets
    another name, and is empty if the cluster exists.
    """
    by_fold = {name.casefold(): name for name in (cluster, *wanted)}
    known = {tag.casefold() for tag in recorded}
    problems: list[str] = []
    for tag in sorted({*listed, *recorded}):
        name = by_fold.get(tag.casefold(), tag)
        if name == tag:
            continue
        if tag not in listed:
            problems.append(
                f"the state of this stack has the tag {tag}, and this run would replace it by {name}. Run pulumi "
                "refresh, which reads the tag again, and then pulumi up"
            )
            continue
        remedy = _remedy(tag, name, used=tag not in unused, known=tag.casefold() in known, rename=rename)
        problems.append(
            f"the account has the tag {tag}, and this cluster needs the tag {name}. DigitalOcean takes both for one "
            f"tag and keeps the first spelling, so a later run would replace the tag. {remedy}"
        )
    return problems


def _remedy(tag: str, name: str, *, used: bool, known: bool, rename: str) -> str:
    delete = f"doctl compute tag delete {tag}"
    if used and known:
        return "Resources of this cluster have it: follow docs/recovery.md, A tag with other capitals"
    if known:
        return f"Create it again: {delete}, then doctl compute tag create {name}, then pulumi refresh, then pulumi up"
    if not used:
        return f"No resource has it. Delete it: {delete}"
    shown = f"doctl compute tag get {tag} counts them"
    if rename:
        return f"Resources that this stack does not know have it ({shown}): {rename}"
    return f"Resources that this stack does not know have it ({shown}). Give them another tag, and delete it: {delete}"
