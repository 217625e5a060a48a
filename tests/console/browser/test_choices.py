"""What the page offers to do, and what it says before."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Browser, expect

from console.view.actions import FaultEnd
from console.view.cloud import Fault
from tests.console.browser.opened import Opened, opened
from tests.console.fake_source import healthy_page

pytestmark = pytest.mark.asyncio(loop_scope="package")

OFFERED: dict[str, list[str]] = {
    "active": ["Power off", "Pause", "Cut off", "Wipe", "Destroy"],
    "paused": ["Power off", "Resume", "Cut off", "Destroy"],
    "off": ["Power on", "Destroy"],
    "new": [],
    "absent": [],
}


async def question(console: Opened, button: str) -> str:
    """What the page asks before it does what a button says."""
    await console.tab.get_by_role("button", name=button, exact=True).click()
    text = await console.tab.locator("#confirmation-text").inner_text()
    await console.tab.get_by_role("button", name="Cancel").click()
    return text


async def test_only_actions_that_can_work_are_offered(browser: Browser) -> None:
    async with opened(browser) as console:
        for power, wanted in OFFERED.items():
            console.source.set_member(2, power=power)
            await expect(console.card(2).locator(".actions button")).to_have_text(wanted)


async def test_a_button_is_not_done_twice_before_its_effect_is_seen(browser: Browser) -> None:
    async with opened(browser) as console:
        pressed = console.tab.get_by_role("button", name="Power off etcd-server-1")
        await pressed.click()
        await console.tab.get_by_role("dialog").get_by_role("button", name="Power off etcd-server-1").click()
        await expect(console.tab.get_by_role("dialog")).to_be_hidden()
        await pressed.click()
        await expect(console.tab.get_by_role("dialog")).to_be_hidden()
        assert len(console.actions) == 1


async def test_a_confirmation_says_that_the_quorum_would_be_lost(browser: Browser) -> None:
    async with opened(browser) as console:
        assert "quorum" not in await question(console, "Pause etcd-server-3")
        assert "quorum" not in await question(console, "Wipe etcd-server-3")
        console.source.set_member(2, healthy=False, role="stopped")
        await expect(console.sentence).to_have_text("2 of 3 members are healthy: etcd-server-2 is not")
        text = await question(console, "Power off etcd-server-3")
        assert (
            "etcd-server-2 is not healthy. Without etcd-server-3 the cluster has no quorum: writes stop until"
            in text
        )
        assert "no copy of the data" in await question(console, "Wipe etcd-server-3")
        console.source.set_member(1, healthy=False, role="stopped")
        await expect(console.sentence).to_have_text(
            "1 of 3 members is healthy: etcd-server-1 and etcd-server-2 are not. No quorum: no writes"
        )
        assert "has no quorum already" in await question(console, "Pause etcd-server-3")


async def test_an_open_confirmation_follows_the_cluster(browser: Browser) -> None:
    async with opened(browser) as console:
        await console.tab.get_by_role("button", name="Pause etcd-server-3").click()
        text = console.tab.locator("#confirmation-text")
        await expect(text).not_to_contain_text("quorum")
        console.source.set_member(2, healthy=False)
        await expect(text).to_contain_text("no quorum")


async def test_a_fault_that_is_on_is_pressed_and_ends_when_pressed_again(browser: Browser) -> None:
    async with opened(browser) as console:
        on: list[dict[str, Any]] = [
            {"id": 3, "text": "DigitalOcean refuses", "service": "digitalocean", "fault": "down"},
            {"id": 4, "text": "Cloudflare is odd", "service": "cloudflare", "fault": None},
        ]
        faults = [Fault.model_validate(each) for each in on]
        cloud = healthy_page().cloud
        console.source.set(cloud=cloud.model_copy(update={"faults": faults}))
        pressed = console.tab.locator("[data-part=faults] [aria-pressed=true]")
        await expect(pressed).to_have_text(["down"])
        async with console.tab.expect_response("**/actions"):
            await pressed.click()
        assert console.actions == [FaultEnd(kind="end-fault", id=3)]
        console.source.actions.clear()
        async with console.tab.expect_response(
            lambda answer: answer.url.endswith("/actions") and '"id":4' in (answer.request.post_data or "")
        ):
            await console.tab.get_by_role("button", name="End all faults").click()
        await expect(console.tab.locator("#toast")).to_be_hidden()
        console.source.set(cloud=cloud)
        await expect(pressed).to_have_count(0)
        assert console.actions == [FaultEnd(kind="end-fault", id=3), FaultEnd(kind="end-fault", id=4)]


async def test_a_problem_goes_when_its_cause_is_gone(browser: Browser) -> None:
    async with opened(browser) as console:
        console.source.set_member(2, power="off")
        console.source.refusal = "etcd-server-2 is off already"
        await console.tab.get_by_role("button", name="Power on etcd-server-2").click()
        await expect(console.tab.locator("#toast")).to_contain_text("off already")
        console.source.set_member(1, healthy=False)
        await expect(console.sentence).to_contain_text("etcd-server-1 is not")
        await expect(console.tab.locator("#toast")).to_be_visible()
        console.source.set_member(2, power="active")
        await expect(console.tab.locator("#toast")).to_be_hidden()
        # The browser itself reports the answer 409.
        console.problems.clear()


async def test_the_tour_offers_a_quota_that_changes_something(browser: Browser) -> None:
    async with opened(browser) as console:
        change = console.tab.locator("li[data-step=change] code").nth(1)
        refused = console.tab.locator("li[data-step=refused] code").first
        for present, first, second in ((2, 3, 4), (3, 4, 2), (4, 3, 2)):
            for number in (1, 2, 3):
                console.source.set_member(number, quota_bytes=present << 30)
            await expect(change).to_have_text(f"pulumi config set etcd:quotaGiB {first}")
            await expect(refused).to_have_text(f"pulumi config set etcd:quotaGiB {second}")
        # A member of the middle has changed already: the command of the change stays.
        console.source.set_member(1, quota_bytes=3 << 30)
        console.source.set_member(3, healthy=False)
        await expect(console.sentence).to_contain_text("etcd-server-3 is not")
        await expect(change).to_have_text("pulumi config set etcd:quotaGiB 3")
        tour = healthy_page().tour
        assert tour
        done = [step.model_copy(update={"done": 1.0, "seen": "seen"}) for step in tour.steps]
        console.source.set(tour=tour.model_copy(update={"steps": done, "quota_bytes": 2 << 30}))
        end = console.tab.locator("[data-part=tour] > .soft")
        await expect(end).to_contain_text("pulumi config set etcd:quotaGiB 2")


async def test_the_tour_names_no_member_where_there_is_none(browser: Browser) -> None:
    page = healthy_page()
    timeline = page.timeline.model_copy(update={"members": []})
    async with opened(browser, page.model_copy(update={"members": [], "timeline": timeline})) as console:
        does = console.tab.locator("li[data-step=refused] .does p").first
        await expect(does).to_have_text("Press Cut off on the card of a member.")
