"""What the page shows of a run while it goes on, and of what happened."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, expect

from console.view.run import Line, Run, Step
from console.view.timeline import RunSpan, Span, UpSpan, Writes
from tests.console.browser.opened import Opened, opened
from tests.console.browser.rolling_change import DROPLET, SECONDS, START, moment
from tests.console.fake_source import NAMES, healthy_page, request

pytestmark = pytest.mark.asyncio(loop_scope="package")

REASON = (
    "Before etcd-server-1.example.test may change, all other members must be healthy. etcd-server-3.example.test is "
    "not: no answer within 120 s.\nNothing was changed for this step."
)


async def current(console: Opened) -> list[str]:
    """The steps that happen now, as the page marks them."""
    return await console.tab.locator(".stages [data-state=current]").all_inner_texts()


async def bars(console: Opened) -> list[tuple[str, float, float]]:
    """Each bar of the time line that a run has caused: the member, where it begins and where it ends."""
    rows: list[tuple[str, float, float]] = await console.tab.locator(".down[data-cause=run]").evaluate_all(
        """all => all.map(bar => [
          bar.closest(".member-row").dataset.member,
          Number(bar.getAttribute("x")),
          Number(bar.getAttribute("x")) + Number(bar.getAttribute("width")),
        ])"""
    )
    return [(member, began, ended) for member, began, ended in rows]


async def test_a_rolling_change_is_seen_as_it_happens(browser: Browser) -> None:
    async with opened(browser) as console:
        for index in range(3):
            turn = index * len(DROPLET)
            steps = console.tab.locator(".steps > li").nth(index)
            await console.change(turn + 1)
            await expect(steps.locator("[aria-current=step]")).to_contain_text("Gate")
            await expect(console.sentence).to_have_text("3 of 3 members are healthy")
            await expect(console.tab.locator(".run-waits")).to_contain_text(
                f"Before {NAMES[index]} may change"
            )
            for at, label in ((2, "Stop"), (4, "Create"), (6, "Join")):
                await console.change(turn + at)
                await expect(steps.locator("[aria-current=step]")).to_contain_text(label)
                await expect(console.sentence).to_contain_text(f"etcd-server-{index + 1} is not")
                assert len(await current(console)) == 1
                await expect(console.tab.locator(".down[data-open]")).to_have_count(1)
        await console.change(SECONDS)
        await expect(console.tab.locator(".run-head")).to_contain_text("pulumi up succeeded after 0:24")
        await expect(console.sentence).to_have_text("3 of 3 members are healthy")
        await expect(console.tab.locator(".down[data-open]")).to_have_count(0)


async def test_the_bars_of_a_rolling_change_are_never_two_at_once(browser: Browser) -> None:
    async with opened(browser) as console:
        await console.change(SECONDS)
        await expect(console.tab.locator(".down[data-cause=run]")).to_have_count(3)
        found = sorted(await bars(console), key=lambda bar: bar[1])
        assert [member for member, _, _ in found] == NAMES
        assert all(one[2] <= other[1] for one, other in pairwise(found))
        assert all(ended - began > 20 for _, began, ended in found)
        await expect(console.tab.locator(".promise")).to_have_text(
            re.compile(r"^Since \d\d:\d\d:\d\d, at most 1 member was down at once by a run\.$")
        )


async def test_a_run_that_was_watched_in_part_is_no_kept_promise(browser: Browser) -> None:
    async with opened(browser) as console:
        timeline = healthy_page().timeline
        run = RunSpan(id="1", command="up", began=timeline.began - 60, ended=None, outcome="running")
        console.source.set(timeline=timeline.model_copy(update={"runs": [run]}))
        promise = console.tab.locator(".promise")
        await expect(promise).to_have_class("promise unknown")
        await expect(promise).to_contain_text("What a run did before that was not watched.")


async def test_a_run_that_tells_nothing_is_unknown_and_not_silent(browser: Browser) -> None:
    async with opened(browser) as console:
        run = healthy_page().run
        assert run
        console.source.set(run=run.model_copy(update={"told": False, "lines": [], "steps": []}))
        await expect(console.tab.get_by_text("Unknown: it tells the console nothing.")).to_be_visible()


async def test_a_preview_that_goes_on_has_no_result_yet(browser: Browser) -> None:
    async with opened(browser) as console:
        run = healthy_page().run
        assert run
        steps = [Step(member=name, gate="none", droplet="unchanged") for name in NAMES]
        preview = {"command": "preview", "outcome": "running", "ended": None, "steps": steps}
        console.source.set(run=run.model_copy(update=preview))
        await expect(console.tab.get_by_text("not known yet")).to_have_count(3)
        console.source.set(
            run=run.model_copy(update=preview | {"outcome": "succeeded", "ended": run.began + 9})
        )
        await expect(console.tab.get_by_text("would not be replaced")).to_have_count(3)


async def test_two_members_down_at_once_would_be_seen(browser: Browser) -> None:
    async with opened(browser) as console:
        await console.change(SECONDS)
        sections = moment(SECONDS)
        spans = [Span(member=name, began=START + 2, ended=START + 9, cause="run") for name in NAMES[:2]]
        console.source.set(timeline=sections["timeline"].model_copy(update={"down": spans, "most_down": 2}))
        await expect(console.tab.locator(".promise.bad")).to_have_text(
            re.compile(r"^Since \d\d:\d\d:\d\d, at most 2 members were down at once by a run\.$")
        )
        one, other = await bars(console)
        assert (one[1], one[2]) == (other[1], other[2])


async def test_leaders_and_causes_have_looks_of_their_own(browser: Browser) -> None:
    async with opened(browser) as console:
        await console.change(SECONDS)
        row = console.tab.locator(f".member-row[data-member='{NAMES[1]}']")
        await expect(row.locator(".leads")).to_have_count(1)
        sections = moment(SECONDS)
        outside = Span(member=NAMES[1], began=START - 60, ended=START - 30, cause="outside")
        timeline = sections["timeline"]
        console.source.set(timeline=timeline.model_copy(update={"down": [*timeline.down, outside]}))
        await expect(row.locator(".down")).to_have_count(2)
        fills = await row.locator(".down").evaluate_all("all => all.map(bar => getComputedStyle(bar).fill)")
        # Not by colour alone: what a run has not caused is hatched.
        assert ["url(" in fill for fill in fills] == [False, True]


async def test_a_refused_change_is_shown_with_its_reason(browser: Browser) -> None:
    steps = [
        Step(member=name, gate="refused" if name == NAMES[0] else "none", droplet="unchanged")
        for name in NAMES
    ]
    run = Run(
        id="3",
        command="up",
        began=START - 130,
        ended=START - 5,
        outcome="refused",
        reason=REASON,
        steps=steps,
        waiting_for="",
        waiting_since=None,
        lines=[Line(time=START - 5, severity="error", text=REASON)],
    )
    async with opened(browser) as console:
        timeline = healthy_page().timeline
        spans = [RunSpan(id="3", command="up", began=START - 130, ended=START - 5, outcome="refused")]
        console.source.set(run=run, timeline=timeline.model_copy(update={"runs": spans}))
        await expect(console.tab.locator(".run-head")).to_contain_text(
            "pulumi up refused after 2:05, 5 seconds ago"
        )
        await expect(console.tab.locator(".reason")).to_contain_text("Why it was refused")
        await expect(console.tab.locator(".reason p")).to_have_text(REASON)
        await expect(console.tab.locator(".stages [data-state=refused]")).to_have_count(1)
        await expect(console.tab.locator(".run-band[data-outcome=refused]")).to_have_count(1)
        await console.hears("pulumi up")


async def test_a_screen_reader_is_told_what_happens(browser: Browser) -> None:
    async with opened(browser) as console:
        told = console.tab.get_by_role("status")
        await console.hears("3 of 3 members are healthy.")
        await expect(told).to_have_text("")
        console.source.set_member(1, healthy=False)
        await console.hears("2 of 3 members are healthy: etcd-server-1 is not.")
        await expect(told).to_have_attribute("aria-live", "polite")


async def test_the_pictures_have_alternatives_in_text(browser: Browser) -> None:
    async with opened(browser) as console:
        await console.change(SECONDS)
        await console.tab.get_by_text("The time line as a table").click()
        rows: Locator = console.tab.locator("[data-part=timeline-table] tbody tr")
        # Three members were down, and healthy before and after. Four times one led, and there was one run. The last row
        # says what was not watched.
        await expect(rows).to_have_count(3 + 6 + 4 + 1 + 1)
        await expect(rows.filter(has_text="etcd-server-2 was down by a run")).to_contain_text("6 seconds")
        await expect(rows.filter(has_text="etcd-server-2 was healthy").last).to_contain_text("4 minutes")
        await expect(rows.last).to_have_text(re.compile(r"^Not watchedbefore \d\d:\d\d:\d\d$"))
        timeline = moment(SECONDS)["timeline"]
        up = [span for span in timeline.up if span.member != NAMES[1]]
        failed = [
            Writes(second=START + at, acknowledged=9, failed=count)
            for at, count in ((1, 0), (2, 1), (3, 2), (4, 0), (9, 1))
        ]
        console.source.set(timeline=timeline.model_copy(update={"up": up, "writes": failed}))
        unknown = rows.filter(has_text="etcd-server-2 was unknown, or not there")
        await expect(unknown).to_have_text(
            [re.compile("since .*, for 8 seconds"), re.compile("to .*, 4 minutes")]
        )
        await expect(rows.filter(has_text="not acknowledged")).to_have_text(
            [
                re.compile("^1 write was not acknowledged.*1 second$"),
                re.compile("^3 writes were not acknowledged.*2 seconds$"),
            ]
        )
        await console.tab.get_by_text("The rules as a list").click()
        await expect(console.tab.locator("[data-part=firewall] li")).to_have_text(
            [
                "The members may reach port 2380 (tcp): traffic between members.",
                "203.0.113.0/24 may reach port 2379 (tcp): client traffic.",
            ]
        )
        for picture in ("timeline", "firewall"):
            await expect(console.tab.locator(f"svg.{picture}")).to_have_attribute("role", "img")


async def test_an_open_table_says_how_long_a_time_has_lasted(browser: Browser) -> None:
    page = healthy_page()
    down = [Span(member=NAMES[1], began=START - 5, ended=None, cause="outside")]
    timeline = page.timeline.model_copy(update={"down": down})
    async with opened(browser, page.model_copy(update={"timeline": timeline})) as console:
        await console.tab.get_by_text("The time line as a table").click()
        row = console.tab.locator("[data-part=timeline-table] tbody tr").filter(has_text="was down")
        await expect(row).to_contain_text("for 5 seconds")
        console.clock.time = START + 9
        await console.tab.clock.set_fixed_time(console.clock.time)
        await expect(row).to_contain_text("for 14 seconds")


async def test_the_time_line_shows_as_much_as_is_chosen(browser: Browser) -> None:
    async with opened(browser) as console:
        await console.change(SECONDS)
        await expect(console.tab.locator(".down")).to_have_count(3)
        wide = (await bars(console))[0]
        await console.tab.get_by_label("15 min").check()
        await expect(console.tab.locator(".unwatched")).to_have_count(1)
        narrow = (await bars(console))[0]
        assert narrow[2] - narrow[1] < (wide[2] - wide[1]) / 5


async def test_requests_come_on_top_and_can_be_filtered(browser: Browser) -> None:
    async with opened(browser) as console:
        rows = console.tab.locator(".request-table tbody tr")
        await expect(rows).to_have_count(1)
        console.source.request("/v2/volumes", method="POST", status=202)
        console.source.request("/v2/tags", status=None)
        await expect(rows).to_have_count(3)
        await expect(rows.first).to_contain_text("/v2/tags")
        await expect(rows.first).to_contain_text("no answer")
        await console.tab.get_by_label("Show requests that contain").fill("volumes 202")
        await expect(rows).to_have_count(1)
        await expect(rows).to_contain_text("POST /v2/volumes")
        await console.tab.get_by_label("Show requests that contain").fill("")
        await console.tab.get_by_label("Only changes").check()
        await expect(rows).to_have_count(1)
        await expect(rows).to_contain_text("/v2/volumes")


def ended_run(**fields: Any) -> Run:
    """A run that was killed in the middle."""
    steps = [
        Step(member=NAMES[0], gate="open", droplet="shutting down"),
        Step(member=NAMES[1], gate="asked", droplet="unchanged"),
        Step(member=NAMES[2], gate="none", droplet="joining"),
    ]
    run = Run(
        id="4",
        command="up",
        began=START - 60,
        ended=START - 5,
        outcome="interrupted",
        reason="It was killed. Run pulumi cancel, then pulumi up.",
        steps=steps,
        waiting_for="",
        waiting_since=None,
        lines=[],
    )
    return run.model_copy(update=fields)


async def test_nothing_of_a_run_that_ended_happens_now(browser: Browser) -> None:
    async with opened(browser, healthy_page().model_copy(update={"run": ended_run()})) as console:
        steps = console.tab.locator(".steps > li")
        words = console.tab.locator(".gate-words")
        await expect(words).to_have_text(
            [
                "Its gate opened, and the run ended, perhaps before the stop began.",
                "Its gate was asked, and the run ended.",
                "Join began, and the run ended.",
            ]
        )
        await expect(console.tab.locator(".stages [aria-current]")).to_have_count(0)
        said = (await console.tab.locator("#run").inner_text()).casefold()
        assert not [each for each in ("now", "waits", "later", "next pulumi up") if each in said]
        await expect(steps.nth(0).locator("[data-state=next]").first).to_contain_text("not reached")
        await expect(console.tab.locator(".reason p")).to_have_text(ended_run().reason)


async def test_a_member_that_was_created_first_has_no_stop_that_is_done(browser: Browser) -> None:
    steps = [Step(member=name, gate="none", droplet="joining") for name in NAMES]
    run = ended_run(steps=steps, ended=None, outcome="running", reason="")
    async with opened(browser, healthy_page().model_copy(update={"run": run})) as console:
        stages = console.tab.locator(".steps > li").first.locator(".stages > li")
        for stage, state in enumerate(["skipped", "skipped", "done", "current", "next"]):
            await expect(stages.nth(stage)).to_have_attribute("data-state", state)
        await expect(stages).to_have_count(5)


async def test_a_preview_says_what_would_happen(browser: Browser) -> None:
    steps = [
        Step(member=NAMES[0], gate="open", droplet="waiting"),
        Step(member=NAMES[1], gate="none", droplet="unchanged"),
        Step(member=NAMES[2], gate="none", droplet="creating"),
    ]
    run = ended_run(command="preview", outcome="succeeded", steps=steps, reason="")
    async with opened(browser, healthy_page().model_copy(update={"run": run})) as console:
        await expect(console.tab.locator(".steps > li")).to_have_text(
            [
                "etcd-server-1would be replaced",
                "etcd-server-2would not be replaced",
                "etcd-server-3would be created",
            ]
        )


async def test_a_wait_says_how_long_it_has_lasted(browser: Browser) -> None:
    async with opened(browser) as console:
        await console.change(0)
        await expect(console.tab.locator(".run-waits")).to_contain_text("It has waited 0:00. Before")


async def test_a_member_is_drawn_as_healthy_only_while_it_was_seen_so(browser: Browser) -> None:
    page = healthy_page()
    up = [UpSpan(member=NAMES[0], began=START - 60, ended=START - 30)]
    timeline = page.timeline.model_copy(update={"began": START - 3600, "up": up, "down": [], "leaders": []})
    async with opened(browser, page.model_copy(update={"timeline": timeline})) as console:
        rows = console.tab.locator(".member-row")
        await expect(rows.nth(0).locator(".up")).to_have_count(1)
        await expect(rows.nth(1).locator(".up")).to_have_count(0)
        # Both at once: the page may find its width in between.
        share = await rows.nth(0).evaluate(
            """row => {
                const whole = row.querySelector(".unseen");
                const up = row.querySelector(".up").width.baseVal.value;
                return up / (whole.x2.baseVal.value - whole.x1.baseVal.value);
            }"""
        )
        assert abs(share - 30 / 120) < 0.01
        assert "," in await rows.nth(1).locator(".unseen").evaluate(
            "e => getComputedStyle(e).strokeDasharray"
        )


async def test_the_legend_names_every_look_of_the_time_line(browser: Browser) -> None:
    async with opened(browser) as console:
        await expect(console.tab.locator(".legend li")).to_have_text(
            [
                "healthy",
                "unknown, or not there",
                "down by a run",
                "down by something else",
                "leads",
                "a run of Pulumi",
                "not watched",
                "writes per second",
                "not acknowledged",
            ]
        )


async def test_requests_stand_in_the_order_of_their_times(browser: Browser) -> None:
    requests = [
        request(number, f"/v2/{time}").model_copy(update={"time": START + time})
        for number, time in ((1, 5), (2, 9), (3, 2))
    ]
    async with opened(browser, healthy_page().model_copy(update={"requests": requests})) as console:
        await expect(console.tab.locator(".request-table tbody .path")).to_have_text(
            ["GET /v2/9 digitalocean", "GET /v2/5 digitalocean", "GET /v2/2 digitalocean"]
        )
