"""A run may end at any moment: at most one member is down then, and one `pulumi up` finishes the change."""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from testbed.changes import one_member
from testbed.cluster import requests
from testbed.update import Step, Update
from tests.lifecycle.live import Live

MEMBER = 2
MOMENTS = 30
"""The number of random moments. ``make test`` sets ``LIFECYCLE_MOMENTS`` to fewer, and other ones each time."""
ID = re.compile(r"[0-9]{4,}|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}")

Call = tuple[str, str, str]
"""Service, method, and a pattern of the path in which any id may stand."""
SOMETIMES = ("digitalocean", "GET", "^/v2/droplets/[^/]+/actions$")
"""A run sends it only while a shutdown takes longer than ``WATCH_SECONDS`` (components/rollout/watch.py)."""


@dataclass(frozen=True)
class Undisturbed:
    """The steps and requests of an undisturbed change."""

    steps: list[Step]
    seconds: float
    before: list[Call]
    """API requests before the droplet's replacement begins."""
    during: list[Call]
    """API requests from then on."""


@pytest.fixture(scope="module")
def undisturbed(live: Live) -> Undisturbed:
    with live.cloud.control as control:
        control.delete("/requests")
        with live.case("one member changed"):
            update = Update(live, *one_member(live, MEMBER))
            replacement_begins(update, live)
            before = list(calls(control))
            control.delete("/requests")
            update.finish()
            seconds = time.monotonic() - update.began
        return Undisturbed(update.steps(), seconds, before, list(calls(control)))


@pytest.mark.timeout(2400)
def test_one_run_finishes_after_an_engine_was_killed_in_any_step(
    live: Live, undisturbed: Undisturbed
) -> None:
    for number, step in enumerate(undisturbed.steps, 1):
        if step.event != "resourcePreEvent":
            continue  # The next step begins when this one ends.
        with live.case(f"engine killed: {step}", planned=False):
            update = Update(live, *one_member(live, MEMBER))
            assert update.reached(number), update.output()
            update.kill()
            remove_stale_lock(live)
            live.up()
    live.up("--expect-no-changes")


@pytest.mark.timeout(2400)
def test_each_call_of_the_api_may_fail_once(
    live: Live,
    control: httpx.Client,
    undisturbed: Undisturbed,
) -> None:
    asked_again = [call for call in undisturbed.during if call[1] == "GET"]
    only_once = [call for call in undisturbed.during if call not in asked_again]
    for service, method, pattern in dict.fromkeys([*undisturbed.before, *only_once, *asked_again]):
        # 501 is the one server error that the providers do not retry.
        fault = {"service": service, "method": method, "path": pattern, "kind": "status", "status": 501}
        # A request that also occurs before must fail during the replacement, which sends it several times.
        late = (service, method, pattern) in asked_again
        when = "in the replacement" if late else "once"
        with live.case(f"{service} failed {method} {pattern} {when}", planned=False):
            control.delete("/requests")
            if not late:
                control.put("/faults", json=[{**fault, "times": 1}])
            update = Update(live, *one_member(live, MEMBER))
            if late:
                replacement_begins(update, live)
                control.put("/faults", json=[{**fault, "times": 1}])
            update.wait()
            control.delete("/faults")
            assert [seen["status"] for seen in requests(control)].count(501) == 1
            live.up()


def test_a_program_may_be_killed_while_a_droplet_is_deleted(live: Live) -> None:
    with live.case("program killed", planned=False):
        update = Update(live, *one_member(live, MEMBER))
        replacement_begins(update, live)
        update.kill_program()
        update.fail()
        live.up()


def test_both_apis_may_be_away_while_a_droplet_is_replaced(live: Live, control: httpx.Client) -> None:
    with live.case("APIs away for four seconds", planned=False):
        update = Update(live, *one_member(live, MEMBER))
        replacement_begins(update, live)
        away = [
            {"service": service, "kind": "down", "seconds": 4} for service in ("digitalocean", "cloudflare")
        ]
        control.put("/faults", json=away).raise_for_status()
        update.wait()
        live.up()


@pytest.mark.timeout(2400)
def test_runs_killed_at_random_moments_are_finished_by_the_next(live: Live, undisturbed: Undisturbed) -> None:
    seed = int(os.environ.get("LIFECYCLE_SEED", time.time_ns() % 1_000_000))
    moments = random.Random(seed)  # noqa: S311 - anybody may know it
    for number in range(1, int(os.environ.get("LIFECYCLE_MOMENTS", MOMENTS)) + 1):
        after = moments.uniform(0.5, undisturbed.seconds)
        how = moments.choice(("killed", "interrupted"))
        with live.case(f"seed {seed}, moment {number}: {how} after {after:.2f} s", planned=False):
            update = Update(live, *one_member(live, MEMBER))
            time.sleep(max(0.0, update.began + after - time.monotonic()))
            if how == "killed":
                update.kill()
                remove_stale_lock(live)
            elif update.interrupt():
                remove_stale_lock(live)
            live.up()
    live.up("--expect-no-changes")


def replacement_begins(update: Update, live: Live) -> None:
    update.begins_one_of("delete-replaced", {f"Droplet::etcd-etcd-{live.stack}-{MEMBER}"})


def remove_stale_lock(live: Live) -> None:
    """Remove the lock of a killed engine. An engine that ended by itself has removed its own."""
    live.pulumi("cancel", "--yes")


def calls(control: httpx.Client) -> Iterator[Call]:
    """The distinct calls of both clouds' APIs so far, whoever made them."""
    seen: set[Call] = set()
    for request in requests(control):
        parts = [part if not ID.fullmatch(part) else None for part in request["path"].split("/")]
        pattern = "/".join("[^/]+" if part is None else re.escape(part) for part in parts)
        call = (request["service"], request["method"], f"^{pattern}$")
        if request["service"] in ("digitalocean", "cloudflare") and call not in {*seen, SOMETIMES}:
            seen.add(call)
            yield call
