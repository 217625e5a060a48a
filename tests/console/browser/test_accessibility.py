"""Whether everybody can use the page."""

from __future__ import annotations

from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect

from console.view.run import Run
from tests.console.browser.opened import Opened, opened
from tests.console.browser.rolling_change import START
from tests.console.fake_source import NAMES

pytestmark = pytest.mark.asyncio(loop_scope="package")

SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])
LONG = "https://etcd-server-3.example.test:2379/health-of-a-member-with-a-very-long-path-that-has-no-space: no answer"


async def crowded(console: Opened) -> None:
    """Show a bit of everything: a run, unknown values, problems and long texts."""
    await console.change(13)
    console.source.set_member(1, version=None, database_bytes=None, certificates=None, healthy=None)
    console.source.set_member(3, problem=LONG, healthy=False, cut_off=True, power="paused")
    run = console.source.page.run
    assert run
    console.source.set(
        run=Run.model_validate({**run.model_dump(), "reason": LONG, "outcome": "failed", "ended": START})
    )
    for status in (200, 404, 500, None):
        console.source.request(f"/v2/droplets/{'0123456789' * 12}", method="DELETE", status=status)
    await expect(console.tab.locator(".request-table tbody tr")).to_have_count(5)
    await expect(console.tab.locator(".reason")).to_be_visible()
    await expect(console.card(3).locator(".why")).to_contain_text(LONG)


async def violations(console: Opened) -> list[str]:
    """What axe-core calls a serious or critical violation, each with the elements."""
    found = (await Axe().run(console.tab)).response
    assert len(found["passes"]) > 10
    return [
        f"{violation['id']}: {node['html']} {node['failureSummary']}"
        for violation in found["violations"]
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ]


@SCHEMES
async def test_axe_finds_no_serious_violation(browser: Browser, scheme: Literal["light", "dark"]) -> None:
    async with opened(browser, scheme=scheme, motion="reduce") as console:
        assert await violations(console) == []
        await crowded(console)
        await console.tab.locator("details").evaluate_all("all => all.forEach(each => { each.open = true; })")
        await expect(console.tab.locator("[data-part=timeline-table] tbody tr")).not_to_have_count(0)
        assert await violations(console) == []
        await console.tab.get_by_role("button", name="Destroy etcd-server-3").click()
        await expect(console.tab.get_by_role("dialog")).to_be_visible()
        assert await violations(console) == []


async def test_axe_would_find_a_violation(browser: Browser) -> None:
    async with opened(browser) as console:
        await console.tab.evaluate(
            "document.querySelector('[data-part=sentence]').style.setProperty('color', '#ccc')"
        )
        assert [found.partition(":")[0] for found in await violations(console)] == ["color-contrast"]


async def test_a_narrow_window_does_not_scroll_sideways(browser: Browser) -> None:
    async with opened(browser) as console:
        await crowded(console)
        for width in (1079, 800, 521, 360):
            await console.tab.set_viewport_size({"width": width, "height": 700})
            # The pictures are drawn again for the new width.
            await expect(console.tab.locator("svg.timeline")).to_have_js_property(
                "clientWidth",
                await console.tab.locator("[data-part=timeline]").evaluate("e => e.clientWidth"),
            )
            assert await console.tab.evaluate("document.documentElement.scrollWidth") == width
            beyond = await console.tab.evaluate(
                """width => [...document.querySelectorAll("main *, header *")]
                  .filter(e => !e.closest(".scroll, .hidden, svg"))
                  .filter(e => e.getBoundingClientRect().right > width + 0.5)
                  .map(e => e.outerHTML.slice(0, 80))""",
                width,
            )
            assert (width, beyond) == (width, [])


async def test_the_keyboard_alone_reaches_everything(browser: Browser) -> None:
    async with opened(browser) as console:
        await crowded(console)
        wanted: int = await console.tab.evaluate(
            """() => {
              const all = [...document.querySelectorAll("a, button, input, summary, [tabindex='0']")];
              const visible = all.filter(e => e.checkVisibility() && !e.closest("dialog"));
              // One stop of the keyboard for each group of radio buttons.
              const stops = visible.filter(e => e.type !== "radio" || e.checked);
              stops.forEach(e => { e.dataset.wanted = ""; });
              return stops.length;
            }"""
        )
        assert wanted > 30
        unseen: list[str] = []
        for _ in range(wanted):
            await console.tab.keyboard.press("Tab")
            look: list[str] = await console.tab.evaluate(
                """() => {
                  const focused = document.activeElement;
                  delete focused.dataset.wanted;
                  const shown = focused.type === "radio" ? focused.nextElementSibling : focused;
                  return [getComputedStyle(shown).outlineStyle, focused.outerHTML.slice(0, 80)];
                }"""
            )
            if look[0] == "none":
                unseen.append(look[1])
        missed = await console.tab.locator("[data-wanted]").evaluate_all("all => all.map(e => e.outerHTML)")
        assert (missed, unseen) == ([], [])


async def test_an_action_can_be_done_with_the_keyboard_alone(browser: Browser) -> None:
    async with opened(browser) as console:
        await console.tab.get_by_role("button", name="Destroy etcd-server-2").focus()
        await console.tab.keyboard.press("Enter")
        # The safe choice has the focus.
        await expect(console.tab.get_by_role("button", name="Cancel")).to_be_focused()
        await console.tab.keyboard.press("Tab")
        async with console.tab.expect_response("**/actions"):
            await console.tab.keyboard.press("Enter")
        assert [action.model_dump() for action in console.actions] == [
            {"kind": "destroy", "member": NAMES[1], "confirmed": True}
        ]


async def test_a_change_does_not_take_the_focus(browser: Browser) -> None:
    async with opened(browser) as console:
        focused = console.tab.get_by_role("button", name="Wipe etcd-server-2")
        await focused.focus()
        await console.change(13)
        await expect(console.sentence).to_contain_text("etcd-server-2 is not")
        await expect(focused).to_be_focused()


async def brightness(console: Opened) -> int:
    ground = await console.tab.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(int(part) for part in ground.removeprefix("rgb(").removesuffix(")").split(","))


async def test_the_page_follows_the_system_until_a_theme_is_chosen(browser: Browser) -> None:
    async with opened(browser, scheme="dark") as console:
        assert await brightness(console) < 150
        await console.tab.get_by_label("Light").check()
        assert await brightness(console) > 600
        await console.tab.reload()
        await expect(console.tab.get_by_label("Light")).to_be_checked()
        assert await brightness(console) > 600
        await console.tab.get_by_label("System").check()
        assert await brightness(console) < 150


async def test_nothing_moves_for_who_wants_less_motion(browser: Browser) -> None:
    for motion, name in (("no-preference", "pulse"), ("reduce", "none")):
        async with opened(browser, motion=motion) as console:
            await console.change(13)
            await expect(console.tab.locator(".pulse")).to_have_css("animation-name", name)
