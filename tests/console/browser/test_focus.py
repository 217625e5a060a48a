"""Whether a person with a keyboard keeps their place when the page changes."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from console.view.cloud import Fault
from tests.console.browser.opened import Opened, opened
from tests.console.fake_source import healthy_page

pytestmark = pytest.mark.asyncio(loop_scope="package")


def fault(number: int) -> Fault:
    return Fault(id=number, text=f"fault {number}", service="digitalocean", fault=None)


async def show_faults(console: Opened, *numbers: int) -> None:
    cloud = console.source.page.cloud
    console.source.set(cloud=cloud.model_copy(update={"faults": [fault(number) for number in numbers]}))


async def test_the_focus_goes_to_the_control_that_takes_the_place(browser: Browser) -> None:
    async with opened(browser) as console:
        await console.tab.get_by_role("button", name="Power off etcd-server-2").focus()
        console.source.set_member(2, power="off")
        await expect(console.tab.get_by_role("button", name="Power on etcd-server-2")).to_be_focused()
        console.source.set_member(2, power="absent", droplet_id=None)
        await expect(console.card(2).locator("h3")).to_be_focused()


async def test_ending_a_fault_keeps_the_focus_in_the_list(browser: Browser) -> None:
    async with opened(browser) as console:
        await show_faults(console, 1, 2)
        await console.tab.get_by_role("button", name="End: fault 1").focus()
        await show_faults(console, 2)
        await expect(console.tab.get_by_role("button", name="End: fault 2")).to_be_focused()
        await show_faults(console)
        await expect(console.tab.get_by_role("heading", name="Try its faults")).to_be_focused()


async def test_starting_and_stopping_the_writer_is_one_control(browser: Browser) -> None:
    async with opened(browser) as console:
        part = console.tab.locator("[data-part=writer]")
        await part.get_by_role("button", name="Start the writer").focus()
        writer = healthy_page().writer
        assert writer
        console.source.set(writer=writer.model_copy(update={"running": True}))
        await expect(part.get_by_role("button", name="Stop the writer")).to_be_focused()


async def test_a_step_of_the_tour_that_closes_keeps_the_focus(browser: Browser) -> None:
    async with opened(browser) as console:
        step = console.tab.locator("li[data-step=writer]")
        await step.get_by_role("button", name="Start the writer").focus()
        tour = healthy_page().tour
        assert tour
        first, *others = tour.steps
        done = first.model_copy(update={"done": 1.0, "seen": "It writes."})
        console.source.set(tour=tour.model_copy(update={"steps": [done, *others]}))
        await expect(step.locator("summary")).to_be_focused()


async def test_a_dialog_gives_the_focus_back_though_its_button_went(browser: Browser) -> None:
    async with opened(browser) as console:
        await console.tab.get_by_role("button", name="Pause etcd-server-2").click()
        console.source.set_member(2, power="off")
        await expect(console.tab.locator("#member-2 .actions button")).to_have_count(2)
        await console.tab.keyboard.press("Escape")
        await expect(console.tab.get_by_role("button", name="Destroy etcd-server-2")).to_be_focused()


async def test_a_closed_problem_gives_the_focus_back(browser: Browser) -> None:
    async with opened(browser) as console:
        console.source.refusal = "the writer is busy"
        pressed = console.tab.locator("[data-part=writer] button")
        await pressed.click()
        await console.tab.get_by_role("button", name="Close the message").click()
        await expect(console.tab.locator("#toast")).to_be_hidden()
        await expect(pressed).to_be_focused()
        # The browser itself reports the answer 409.
        console.problems.clear()
