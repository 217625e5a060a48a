"""What the page does when something is pressed, and the tour that says what to press."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from console.view.actions import DnsAction, FaultAction, FaultEnd, MemberAction, WriterAction
from console.view.cloud import Fault
from console.view.page import Page
from console.view.tour import StepName, Tour, TourStep
from tests.console.browser.opened import opened
from tests.console.browser.rolling_change import START
from tests.console.fake_source import NAMES, healthy_page

pytestmark = pytest.mark.asyncio(loop_scope="package")

STEPS: tuple[StepName, ...] = ("writer", "change", "refused", "healed", "repaired")


def read_only() -> Page:
    page = healthy_page()
    stack = page.stack.model_copy(update={"local": False, "cloud": "", "stack": "fra1"})
    return page.model_copy(update={"stack": stack, "tour": None, "writer": None, "requests": None})


HURTING = {
    "power-off": "Power off",
    "pause": "Pause",
    "cut-off": "Cut off",
    "wipe": "Wipe",
    "destroy": "Destroy",
}


async def test_an_action_that_hurts_happens_after_a_confirmation(browser: Browser) -> None:
    async with opened(browser) as console:
        for kind, verb in HURTING.items():
            console.source.actions.clear()
            await console.tab.get_by_role("button", name=f"{verb} etcd-server-3").click()
            dialog = console.tab.get_by_role("dialog", name=f"{verb} etcd-server-3?")
            await expect(dialog.locator("p").first).to_contain_text("etcd-server-3")
            assert console.actions == []
            await dialog.get_by_role("button", name=f"{verb} etcd-server-3").click()
            await expect(dialog).to_be_hidden()
            assert [action.model_dump() for action in console.actions] == [
                {"kind": kind, "member": NAMES[2], "confirmed": True}
            ]


async def test_nothing_happens_when_the_confirmation_is_cancelled(browser: Browser) -> None:
    async with opened(browser) as console:
        pressed = console.tab.get_by_role("button", name="Wipe etcd-server-1")
        dialog = console.tab.get_by_role("dialog")
        await pressed.click()
        await dialog.get_by_role("button", name="Cancel").click()
        await expect(dialog).to_be_hidden()
        await pressed.click()
        await console.tab.keyboard.press("Escape")
        await expect(dialog).to_be_hidden()
        await expect(pressed).to_be_focused()
        # A later confirmation confirms what it asks, and nothing before it.
        await console.tab.get_by_role("button", name="Pause etcd-server-2").click()
        await dialog.get_by_role("button", name="Pause etcd-server-2").click()
        await expect(dialog).to_be_hidden()
        assert console.actions == [MemberAction(kind="pause", member=NAMES[1], confirmed=True)]


async def test_what_mends_a_member_needs_no_confirmation(browser: Browser) -> None:
    async with opened(browser) as console:
        console.source.set_member(1, power="off")
        console.source.set_member(2, power="paused")
        console.source.set_member(3, cut_off=True)
        for button in ("Power on etcd-server-1", "Resume etcd-server-2", "Reconnect etcd-server-3"):
            async with console.tab.expect_response("**/actions"):
                await console.tab.get_by_role("button", name=button).click()
        assert console.actions == [
            MemberAction(kind="power-on", member=NAMES[0]),
            MemberAction(kind="resume", member=NAMES[1]),
            MemberAction(kind="reconnect", member=NAMES[2]),
        ]


async def test_the_writer_starts_and_stops(browser: Browser) -> None:
    async with opened(browser) as console:
        part = console.tab.locator("[data-part=writer]")
        async with console.tab.expect_response("**/actions"):
            await part.get_by_role("button", name="Start the writer").click()
        writer = console.source.page.writer
        assert writer
        console.source.set(
            writer=writer.model_copy(update={"running": True, "per_second": 51.2, "longest_stall": 0.126})
        )
        await expect(part).to_contain_text("51 writes/s")
        await expect(part).to_contain_text("126 ms")
        async with console.tab.expect_response("**/actions"):
            await part.get_by_role("button", name="Stop the writer").click()
        assert console.actions == [WriterAction(kind="start-writer"), WriterAction(kind="stop-writer")]


async def test_faults_of_the_cloud_begin_and_end(browser: Browser) -> None:
    async with opened(browser) as console:
        dialog = console.tab.get_by_role("dialog")
        api = console.tab.get_by_role("group", name="Cloudflare's API")
        await api.get_by_role("button", name="errors").click()
        await dialog.get_by_role("button", name="Break it").click()
        await expect(dialog).to_be_hidden()
        await console.tab.get_by_role("button", name="Stop DNS").click()
        await dialog.get_by_role("button", name="Stop DNS").click()
        await expect(dialog).to_be_hidden()
        faults = [Fault(id=7, text="Cloudflare answers 503", service="cloudflare", fault="errors")]
        cloud = console.source.page.cloud
        console.source.set(cloud=cloud.model_copy(update={"faults": faults, "dns_stopped": True}))
        for button in ("End: Cloudflare answers 503", "Start DNS"):
            async with console.tab.expect_response("**/actions"):
                await console.tab.get_by_role("button", name=button).click()
        assert console.actions == [
            FaultAction(kind="add-fault", service="cloudflare", fault="errors", confirmed=True),
            DnsAction(kind="stop-dns", confirmed=True),
            FaultEnd(kind="end-fault", id=7),
            DnsAction(kind="start-dns"),
        ]


async def test_an_action_that_failed_says_why(browser: Browser) -> None:
    async with opened(browser) as console:
        console.source.refusal = "the droplet is busy: try again"
        await console.tab.get_by_role("button", name="Power off etcd-server-1").click()
        dialog = console.tab.get_by_role("dialog")
        await dialog.get_by_role("button", name="Power off etcd-server-1").click()
        await expect(dialog.get_by_role("alert")).to_have_text("the droplet is busy: try again")
        await dialog.get_by_role("button", name="Cancel").click()
        await console.tab.locator("[data-part=writer] button").click()
        await expect(console.tab.locator("#toast-text")).to_have_text("the droplet is busy: try again")
        # The browser itself reports the answers 409.
        assert all("409" in problem for problem in console.problems)
        console.problems.clear()


async def test_a_real_stack_is_shown_without_actions_and_tour(browser: Browser) -> None:
    async with opened(browser, read_only()) as console:
        await expect(console.card(3)).to_be_visible()
        await expect(console.tab.locator("h1")).to_contain_text("read-only")
        await expect(console.tab.locator("[data-act]")).to_have_count(0)
        await expect(console.tab.locator("#tour")).to_be_hidden()
        await expect(console.tab.get_by_role("link", name="Tour")).to_be_hidden()
        await expect(console.tab.get_by_text("Try its faults")).to_be_hidden()


async def test_the_steps_of_the_tour_tick_as_they_are_seen(browser: Browser) -> None:
    async with opened(browser) as console:
        step = console.tab.locator(".tour > li")
        await expect(step).to_have_count(5)
        for done in range(6):
            console.source.set(
                tour=Tour(
                    steps=[
                        TourStep(
                            name=name,
                            done=START - 5 if at < done else None,
                            seen=f"{name} was seen." if at < done else "",
                        )
                        for at, name in enumerate(STEPS)
                    ]
                )
            )
            await expect(console.tab.locator(".tour > [data-state=done]")).to_have_count(done)
            if done < 5:
                await expect(step.nth(done)).to_have_attribute("aria-current", "step")
                await expect(step.nth(done).locator(".watch")).to_be_visible()
        await step.nth(4).locator("summary").click()
        await expect(step.nth(4).locator(".seen")).to_contain_text("repaired was seen.")
        await expect(console.tab.locator("[data-part=tour]")).to_contain_text("You have seen all of it.")


async def test_the_tour_copies_what_is_to_type(browser: Browser) -> None:
    granted = ("clipboard-read", "clipboard-write")
    async with opened(browser, permissions=granted) as console:
        change = console.tab.locator(".tour > li[data-step=change]")
        await change.locator("summary").click()
        await change.get_by_role("button", name="Copy pulumi config set").click()
        await expect(console.tab.get_by_role("status")).to_have_text("Copied.")
        copied = await console.tab.evaluate("navigator.clipboard.readText()")
        assert copied == "pulumi config set etcd:quotaGiB 3"


async def test_a_text_of_the_cluster_is_no_markup(browser: Browser) -> None:
    async with opened(browser) as console:
        console.source.set_member(1, healthy=False, problem="<img src=x onerror=alert(1)>")
        await expect(console.card(1).locator(".why")).to_have_text(": <img src=x onerror=alert(1)>")
        await expect(console.card(1).locator("img")).to_have_count(0)
