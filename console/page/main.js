// Keeps the documents that the server sends, and draws the parts that depend on what has changed.

/** @typedef {import("./types").Page} Page */
/** @typedef {import("./description").Child} Child */
/** @typedef {keyof Page | "view"} Cause */
import { listenToButtons } from "./actions.js";
import { belongingsView, faultsView } from "./cloud.js";
import { listenToCopies, withCommand } from "./command.js";
import { firewallView } from "./firewall.js";
import { keepFocus, placeOf } from "./focus.js";
import { lastSeen, lostView, withoutPresent } from "./lost.js";
import { membersView } from "./members.js";
import { news } from "./news.js";
import { requestsView, withNews } from "./requests.js";
import { runView } from "./run.js";
import { listen } from "./stream.js";
import { summary } from "./summary.js";
import { timelinePicture, timelineSummary, timelineTable, writerView } from "./timeline.js";
import { settle } from "./toast.js";
import { tourView } from "./tour.js";
import { h, show } from "./tree.js";
import { GIB, timeOfDay, whole } from "./words.js";

/** What the server has sent. @type {Partial<Page>} */
let received = {};
/** What is shown of it. @type {Partial<Page>} */
let page = {};
/** Seconds by which the server's clock is ahead of the browser's. All times on the page are the server's. */
let ahead = 0;
/** When the server was heard last. */
let heard = /** @type {number | null} */ (null);
/** The server, if it tells nothing now: since when, when the documents were last true, and whether it answers at least. */
let lost = /** @type {{since: number, seen: number | null, answers: boolean} | null} */ (null);
/** The quotas in GiB that the members had last, by member. @type {{[member: string]: number}} */
const quotas = {};
/** What the person chose on the page. */
const view = { range: 120, filter: { text: "", changes: false } };
/** Pixels of the containers of pictures, by their part. @type {{[part: string]: number}} */
const widths = {};
/** @type {Set<Cause>} */
const changed = new Set();
let scheduled = false;
let drawnSecond = 0;
let drawnPicture = 0;

const serverTime = () => Date.now() / 1000 + ahead;

/** Nothing goes on while the server tells nothing. */
const now = () => lost?.since ?? serverTime();

/** @param {string} name @returns {HTMLElement} */
function part(name) {
  const found = document.querySelector(`[data-part="${name}"]`);
  if (!(found instanceof HTMLElement)) throw new Error(`the page has no part ${name}`);
  return found;
}

/**
 * Each drawing, with what it depends on. Those of `"second"` also show how much time has passed.
 *
 * @type {ReadonlyArray<{needs: ReadonlyArray<Cause | "second">, draw: () => void}>}
 */
const DRAWINGS = [
  { needs: ["stack", "members", "run"], draw: drawHead },
  { needs: ["stack", "tour"], draw: drawStack },
  {
    needs: ["members", "stack", "second"],
    draw: () => page.members !== undefined && show(part("members"), membersView(page.members, acts(), now())),
  },
  {
    needs: ["run", "second"],
    draw: () => page.run !== undefined && show(part("run"), runView(page.run, now(), lost !== null)),
  },
  { needs: ["timeline", "writer", "view"], draw: drawTimeline },
  {
    needs: ["writer", "stack", "members"],
    draw: () =>
      page.writer !== undefined &&
      show(part("writer"), writerView(page.writer, { acts: acts(), lost: lost !== null, because: noWriter() })),
  },
  {
    needs: ["cloud", "view"],
    draw: () => {
      const width = widths["firewall"];
      if (page.cloud && width) show(part("firewall"), firewallView(page.cloud, width));
    },
  },
  {
    needs: ["cloud", "second"],
    draw: () => page.cloud && show(part("belongings"), belongingsView(page.cloud, now())),
  },
  {
    needs: ["cloud", "stack"],
    draw: () =>
      page.cloud &&
      local() &&
      show(
        part("faults"),
        faultsView(page.cloud, {
          acts: acts(),
          known: lost === null && page.cloud.tags !== null,
          problem: page.stack?.problem ?? "",
        }),
      ),
  },
  {
    needs: ["requests", "view"],
    draw: () => page.requests !== undefined && show(part("requests"), requestsView(page.requests, view.filter)),
  },
  {
    needs: ["tour", "timeline", "members", "writer", "stack"],
    draw: () => page.tour && show(part("tour"), tourView(page.tour, tourFacts())),
  },
  { needs: ["stack", "members"], draw: () => askAgain() },
];

const local = () => page.stack?.local ?? false;

/** Whether the page may act now. */
const acts = () => local() && lost === null;

/** Why the writer cannot be started yet. */
function noWriter() {
  if (page.writer !== null && page.members?.length) return "";
  return page.stack?.problem || "The writer needs a cluster that the console can reach.";
}

function tourFacts() {
  const members = page.members?.map(({ name }) => name) ?? page.timeline?.members ?? [];
  // The last member changes last: until then, its quota is the one before the change.
  const quota = quotas[members.at(-1) ?? ""] ?? null;
  const before = page.tour?.quota_bytes ?? null;
  const running = page.writer?.running ?? false;
  return { members, quota, first: before && before / GIB, running, acts: acts(), because: noWriter() };
}

function rememberQuotas() {
  for (const { name, quota_bytes: bytes } of page.members ?? []) if (bytes !== null) quotas[name] = bytes / GIB;
}

function drawHead() {
  const { stack, members } = page;
  if (stack) {
    show(
      part("name"),
      `${stack.project} `,
      h("span", { class: "stack" }, stack.stack),
      stack.region && h("span", { class: "region" }, stack.region),
      h("span", { class: "region" }, stack.local ? `local cloud ${stack.cloud}` : "read-only"),
    );
  }
  if (members === undefined) return;
  const state = summary(members, page.run ?? null);
  const text = lost?.seen ? `Last seen ${timeOfDay(lost.seen)}: ${state.text}` : state.text;
  const sentence = part("sentence");
  sentence.dataset["level"] = lost ? "unknown" : state.level;
  show(sentence, whole(text));
  document.title = `${text} - ${stack?.stack ?? "etcd"}`;
}

function drawStack() {
  if (!page.stack) return;
  const { problem } = page.stack;
  show(part("problem"), problem && h("div", { class: "problem" }, withCommand(problem)));
  document.body.dataset["local"] = String(local());
  part("tour-section").hidden = !local() || !page.tour;
  part("faults-section").hidden = !local();
  if (local()) shortenRange();
}

/** The time line of a local cloud has 15 minutes. */
function shortenRange() {
  const longest = document.querySelector("input[data-longest]");
  if (!(longest instanceof HTMLInputElement) || longest.value === "900") return;
  longest.value = "900";
  if (longest.nextElementSibling) longest.nextElementSibling.textContent = "15 min";
}

function drawTimeline() {
  const { timeline, writer = null } = page;
  if (!timeline) return;
  show(part("timeline-summary"), timelineSummary(timeline, writer));
  drawPicture();
  drawTable();
}

/** A closed table is drawn when it is opened. */
function drawTable() {
  const table = part("timeline-table");
  if (page.timeline && table.closest("details")?.open) show(table, timelineTable(page.timeline, now()));
}

function drawPicture() {
  const width = widths["timeline"];
  if (!page.timeline || !width) return;
  drawnPicture = now();
  show(part("timeline"), timelinePicture(page.timeline, view.range, width, drawnPicture));
}

/** @param {Cause} cause */
function change(cause) {
  changed.add(cause);
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(draw);
}

function draw() {
  scheduled = false;
  const place = placeOf(document.activeElement);
  for (const { needs, draw } of DRAWINGS)
    if (needs.some((need) => need !== "second" && changed.has(need))) draw();
  changed.clear();
  keepFocus(place);
  settle();
}

/** Draw what shows how much time has passed. A picture that would move by less than a pixel is left alone. */
function drawTime() {
  if (document.hidden || lost) return;
  const time = now();
  const runs = page.run && page.run.ended === null;
  if (runs || time - drawnSecond >= 10) {
    drawnSecond = time;
    for (const { needs, draw } of DRAWINGS) if (needs.includes("second")) draw();
  }
  if (time - drawnPicture >= view.range / (widths["timeline"] ?? 300)) drawPicture();
  drawTable();
}

/**
 * @param {keyof Page} section
 * @param {Page[keyof Page]} document
 * @param {boolean} first
 */
function receive(section, document, first) {
  const before = page;
  heard = serverTime();
  received = { ...received, [section]: document };
  if (section === "requests")
    received = { ...received, requests: withNews(before.requests ?? null, received.requests ?? null, first) };
  page = received;
  rememberQuotas();
  change(section);
  news(before, page).forEach(announce);
}

/** @type {string[]} */
const waiting = [];

/** A screen reader reads a text that changes, so each sentence stays for a moment. @param {string} sentence */
function announce(sentence) {
  waiting.push(sentence);
  if (waiting.length === 1) sayNext();
}

function sayNext() {
  const place = /** @type {HTMLElement} */ (document.getElementById("announcements"));
  place.textContent = waiting[0] ?? "";
  if (waiting.length)
    setTimeout(() => {
      waiting.shift();
      sayNext();
    }, 1000);
}

/**
 * Take the server's time. What is left below a second is the way of the event.
 *
 * @param {number} time
 */
function alive(time) {
  heard = time;
  if (Math.abs(time - serverTime()) >= 1) {
    ahead = time - Date.now() / 1000;
    drawnSecond = drawnPicture = 0;
    drawTime();
  }
  answers(true);
}

/** @param {boolean} answers Whether a server that tells nothing answers at least. */
function answers(answers) {
  if (!lost || lost.answers === answers) return;
  lost = { ...lost, answers };
  drawLost();
}

/** @param {import("./stream.js").Connection} state */
function connection(state) {
  const shown = part("connection");
  if (state === "lost") answers(false);
  if (shown.dataset["state"] === state) return;
  if (state === "lost") announce("The connection to the console's server is lost.");
  else if (shown.dataset["state"] === "lost") announce("The connection is back.");
  shown.dataset["state"] = state;
  document.body.dataset["connection"] = state;
  shown.textContent = state === "lost" ? "lost, retrying" : state;
  lost = state === "lost" ? { since: heard ?? serverTime(), seen: received.stack ? heard : null, answers: false } : null;
  page = lost ? withoutPresent(received) : received;
  drawLost();
}

/** Say at every part of the page whether it is as it was. */
function drawLost() {
  const place = placeOf(document.activeElement);
  show(part("lost"), lost && lostView(lost, page.stack, location.port));
  for (const each of document.querySelectorAll(".last-seen")) show(each, lost?.seen ? ` (${lastSeen(lost.seen)})` : "");
  keepFocus(place);
  for (const cause of /** @type {Cause[]} */ ([...Object.keys(page), "view"])) change(cause);
}

function listenToChoices() {
  const filter = /** @type {HTMLInputElement} */ (document.getElementById("request-filter"));
  const changes = /** @type {HTMLInputElement} */ (document.getElementById("request-changes"));
  const read = () => {
    view.filter = { text: filter.value, changes: changes.checked };
    change("view");
  };
  filter.addEventListener("input", read);
  changes.addEventListener("change", read);
  filter.form?.addEventListener("submit", (event) => event.preventDefault());
  for (const choice of document.querySelectorAll('input[name="range"]'))
    choice.addEventListener("change", (event) => {
      view.range = Number(/** @type {HTMLInputElement} */ (event.target).value);
      change("view");
    });
  part("timeline-table").closest("details")?.addEventListener("toggle", () => change("timeline"));
  const sizes = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries)
      widths[/** @type {HTMLElement} */ (target).dataset["part"] ?? ""] = Math.floor(contentRect.width);
    change("view");
  });
  sizes.observe(part("timeline"));
  sizes.observe(part("firewall"));
}

const askAgain = listenToButtons(() => page);
listenToCopies(announce);
listenToChoices();
listen({ receive, alive, connection });
document.addEventListener("visibilitychange", drawTime);
setInterval(drawTime, 1000);
