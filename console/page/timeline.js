// The time line: a picture, a sentence and a table of the same.

/** @typedef {import("./types").Timeline} Timeline */
/** @typedef {import("./types").Writer} Writer */
/** @typedef {import("./description").Child} Child */
/** @typedef {{x: (time: number) => number, from: number, to: number, left: number, width: number}} Scale */
import { button } from "./actions.js";
import { commandName } from "./run.js";
import { h } from "./tree.js";
import { counted, duration, short, stall, timeOfDay, unknown } from "./words.js";

const NARROW = 560;
const LANE = 20;
const GRAPH = 54;
const AXIS = 22;
const GAP = 10;
/** A member that was down for less than a pixel's time is seen nevertheless. */
const LEAST_WIDTH = 3;
const TICKS = [15, 30, 60, 120, 300, 600, 900];
const TABLE_ROWS = 200;

/** @type {{[outcome: string]: string}} */
const MARKS = { running: "…", succeeded: "✓", refused: "refused", failed: "failed", interrupted: "interrupted" };

/**
 * @param {Timeline} timeline
 * @param {Writer | null} writer
 * @returns {Child}
 */
export function timelineSummary(timeline, writer) {
  const most = timeline.most_down;
  const sentence =
    most === 0
      ? "no member was down by a run of Pulumi."
      : `at most ${counted(most, "member")} ${most === 1 ? "was" : "were"} down at once by a run.`;
  // Nobody saw what it did before.
  const partly = timeline.runs.some(
    ({ command, began, ended }) => command !== "preview" && began < timeline.began && (ended ?? Infinity) > timeline.began,
  );
  const level = most > 1 ? "bad" : partly ? "unknown" : "good";
  return [
    h(
      "p",
      { class: `promise ${level}`, key: "promise" },
      `Since ${timeOfDay(timeline.began)}, ${sentence}`,
      partly && " What a run did before that was not watched.",
    ),
    h(
      "ul",
      { class: "legend", key: "legend", "aria-label": "Legend" },
      legend("up", "healthy"),
      legend("unseen", "unknown, or not there"),
      legend("down-run", "down by a run"),
      legend("down-outside", "down by something else"),
      legend("leads", "leads"),
      legend("band", "a run of Pulumi"),
      legend("ground", "not watched"),
      writer && legend("writes", "writes per second"),
      writer && legend("failed", "not acknowledged"),
    ),
  ];
}

/** @param {string} look @param {string} words */
const legend = (look, words) => h("li", {}, h("span", { class: `swatch ${look}`, "aria-hidden": "true" }), words);

/**
 * @param {Timeline} timeline
 * @param {number} range Seconds that are shown.
 * @param {number} width Pixels.
 * @param {number} now
 */
export function timelinePicture(timeline, range, width, now) {
  const narrow = width < NARROW;
  const row = narrow ? 40 : 28;
  const left = narrow ? 4 : 104;
  const scale = scaleOf(now - range, now, left, width - left - 8);
  const rows = LANE + timeline.members.length * row;
  const withWrites = timeline.writes.length > 0;
  const bottom = rows + GAP + (withWrites ? GRAPH : 0);
  const height = bottom + AXIS;
  return h(
    "svg",
    { class: "timeline", width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "The time line as a picture. A table below says the same, but not how many writes each second had." },
    h(
      "defs",
      {},
      h(
        "pattern",
        { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
        h("rect", { class: "hatch-ground", width: 6, height: 6 }),
        h("rect", { class: "hatch-line", width: 2, height: 6 }),
      ),
    ),
    timeline.began > scale.from && unwatched(timeline.began, scale, bottom),
    h("g", { key: "runs" }, timeline.runs.filter(inRange(scale)).map((run) => band(run, scale, bottom))),
    h("g", { key: "axis" }, axis(scale, bottom)),
    timeline.members.map((member, index) =>
      memberRow(timeline, member, { top: LANE + index * row, height: row, narrow }, scale),
    ),
    withWrites && writesGraph(timeline, scale, rows + GAP),
  );
}

/** @param {number} from @param {number} to @param {number} left @param {number} width @returns {Scale} */
function scaleOf(from, to, left, width) {
  const x = (/** @type {number} */ time) =>
    left + (Math.min(Math.max(time, from), to) - from) * (width / (to - from));
  return { x: (time) => Math.round(x(time) * 10) / 10, from, to, left, width };
}

/** @param {Scale} scale @returns {(span: {began: number, ended: number | null}) => boolean} */
const inRange = (scale) => (span) => (span.ended ?? scale.to) >= scale.from && span.began <= scale.to;

/** @param {{began: number, ended: number | null}} span @param {Scale} scale */
function place({ began, ended }, scale) {
  const x = scale.x(began);
  return { x, width: Math.max(LEAST_WIDTH, Math.round((scale.x(ended ?? scale.to) - x) * 10) / 10) };
}

/** @param {number} began @param {Scale} scale @param {number} bottom */
function unwatched(began, scale, bottom) {
  const width = scale.x(began) - scale.left;
  return h(
    "g",
    { key: "unwatched" },
    h("rect", { class: "unwatched", x: scale.left, y: 0, width, height: bottom }),
    width > 90 && h("text", { class: "note", x: scale.left + 6, y: 14 }, "not watched"),
  );
}

/** @param {Timeline["runs"][number]} run @param {Scale} scale @param {number} bottom */
function band(run, scale, bottom) {
  const { x, width } = place(run, scale);
  const words = `${run.command} ${MARKS[run.outcome] ?? run.outcome}`;
  return h(
    "g",
    { key: run.id },
    h("title", {}, `${commandName(run.command)}, ${run.outcome}: ${span(run, scale.to)}`),
    h("rect", { class: "run-band", "data-outcome": run.outcome, x, y: 0, width, height: bottom }),
    h("rect", { class: "run-edge", "data-outcome": run.outcome, x, y: 0, width, height: 3 }),
    width > words.length * 6.5 && h("text", { class: "run-label", x: x + 5, y: 15 }, words),
  );
}

/** @param {{began: number, ended: number | null}} time @param {number} now */
function span({ began, ended }, now) {
  const length = duration((ended ?? now) - began);
  return ended === null ? `since ${timeOfDay(began)}, for ${length}` : `${timeOfDay(began)} to ${timeOfDay(ended)}, ${length}`;
}

/** @param {Scale} scale @param {number} bottom @returns {Child} */
function axis(scale, bottom) {
  const step = TICKS.find((seconds) => (scale.width / (scale.to - scale.from)) * seconds >= 64) ?? 900;
  const ticks = [];
  for (let time = Math.ceil(scale.from / step) * step; time < scale.to; time += step) ticks.push(time);
  return ticks.map((time) => {
    const x = scale.x(time);
    const label = timeOfDay(time).slice(0, step < 60 ? 8 : 5);
    const room = x > scale.left + 18 && x < scale.left + scale.width - 18;
    return h(
      "g",
      { key: time },
      h("line", { class: "tick", x1: x, x2: x, y1: LANE, y2: bottom + 4 }),
      room && h("text", { class: "tick-label", x, y: bottom + 17 }, label),
    );
  });
}

/**
 * @param {Timeline} timeline
 * @param {string} member
 * @param {{top: number, height: number, narrow: boolean}} box
 * @param {Scale} scale
 */
function memberRow(timeline, member, box, scale) {
  const middle = box.narrow ? box.top + box.height - 13 : box.top + box.height / 2;
  const label = box.narrow ? { x: scale.left + 2, y: box.top + 13 } : { x: 0, y: middle + 4 };
  const ofMember = (/** @type {{member: string}} */ span) => span.member === member;
  const visible = inRange(scale);
  const watched = scale.x(timeline.began);
  return h(
    "g",
    { key: `member-${member}`, class: "member-row", "data-member": member },
    h("text", { class: "row-label", ...label }, short(member)),
    h("line", { class: "unseen", x1: watched, x2: scale.left + scale.width, y1: middle, y2: middle }),
    timeline.up.filter((up) => ofMember(up) && visible(up)).map((up) => upLine(up, middle, scale)),
    timeline.leaders.filter((led) => ofMember(led) && visible(led)).map((led) => leads(led, middle, scale)),
    timeline.down.filter((down) => ofMember(down) && visible(down)).map((down) => downBar(down, middle, scale)),
  );
}

/** @param {Timeline["up"][number]} up @param {number} middle @param {Scale} scale */
function upLine(up, middle, scale) {
  const { x, width } = place(up, scale);
  return h(
    "g",
    { key: `up-${up.began}` },
    h("title", {}, `${short(up.member)} is healthy: ${span(up, scale.to)}`),
    // Not transparent: it covers the line of times that are unknown.
    h("rect", { class: "up", x, y: middle - 2, width, height: 4 }),
  );
}

/** @param {Timeline["leaders"][number]} led @param {number} middle @param {Scale} scale */
function leads(led, middle, scale) {
  const { x, width } = place(led, scale);
  return h(
    "g",
    { key: `leads-${led.began}` },
    h("title", {}, `${short(led.member)} leads: ${span(led, scale.to)}`),
    h("rect", { class: "leads", x, y: middle - 3, width, height: 6, rx: 3 }),
    led.began >= scale.from && h("circle", { class: "leads-mark", cx: x, cy: middle, r: 4.5 }),
  );
}

/** @param {Timeline["down"][number]} down @param {number} middle @param {Scale} scale */
function downBar(down, middle, scale) {
  const { x, width } = place(down, scale);
  const words = down.cause === "run" ? "down by a run" : "down by something else";
  return h(
    "g",
    { key: `down-${down.began}` },
    h("title", {}, `${short(down.member)} is ${words}: ${span(down, scale.to)}`),
    h("rect", { class: "down", "data-cause": down.cause, "data-open": down.ended === null, x, y: middle - 9, width, height: 18, rx: 3 }),
  );
}

/** @param {Timeline} timeline @param {Scale} scale @param {number} top */
function writesGraph(timeline, scale, top) {
  const base = top + GRAPH - 2;
  const buckets = bucketed(timeline.writes, scale);
  const most = Math.max(1, ...buckets.map(({ acknowledged }) => acknowledged));
  const y = (/** @type {number} */ value) => Math.round((base - (value / most) * (GRAPH - 16)) * 10) / 10;
  /** @type {string[]} */
  const path = [];
  let end = NaN;
  for (const { from, to, acknowledged } of buckets) {
    const [x, next] = [scale.x(from), scale.x(to)];
    path.push(from === end ? `V${y(acknowledged)}H${next}` : `${path.length ? `V${base}` : ""}M${x} ${base}V${y(acknowledged)}H${next}`);
    end = to;
  }
  if (path.length) path.push(`V${base}`);
  return h(
    "g",
    { key: "writes" },
    h("line", { class: "tick", x1: scale.left, x2: scale.left + scale.width, y1: base, y2: base }),
    h("path", { class: "writes", d: path.join("") }),
    buckets
      .filter(({ failed }) => failed)
      .map(({ from, failed }) =>
        h(
          "g",
          { key: from },
          h("title", {}, `${counted(failed, "write")} not acknowledged at ${timeOfDay(from)}`),
          h("rect", { class: "failed", x: scale.x(from), y: base - 8, width: LEAST_WIDTH, height: 8 }),
        ),
      ),
    h("text", { class: "note", x: scale.left + 4, y: top + 10 }, `writes, up to ${most.toFixed(0)} a second`),
  );
}

/**
 * The writes per second, averaged over as many seconds as two pixels are wide.
 *
 * @param {Timeline["writes"]} writes
 * @param {Scale} scale
 */
function bucketed(writes, scale) {
  const size = Math.max(1, Math.ceil(((scale.to - scale.from) / scale.width) * 2));
  /** @type {Map<number, {from: number, to: number, acknowledged: number, failed: number}>} */
  const buckets = new Map();
  for (const { second, acknowledged, failed } of writes) {
    // The running second is not over: it would look like a stall.
    if (second < scale.from - size || second + 1 > scale.to) continue;
    const from = Math.floor(second / size) * size;
    const bucket = buckets.get(from) ?? { from, to: from + size, acknowledged: 0, failed: 0 };
    bucket.acknowledged += acknowledged / size;
    bucket.failed += failed;
    buckets.set(from, bucket);
  }
  return [...buckets.values()].sort((one, other) => one.from - other.from);
}

/** @typedef {{began: number, ended: number | null}} Time */

/**
 * The times in which a member was neither seen to be healthy nor to be down, from a second on.
 *
 * @param {Timeline} timeline
 * @param {string} member
 * @param {number} now
 * @returns {Time[]}
 */
function unseen({ began, up, down }, member, now) {
  const seen = [...up, ...down].filter((span) => span.member === member).sort((one, other) => one.began - other.began);
  /** @type {Time[]} */
  const gaps = [];
  let until = began;
  for (const span of seen) {
    if (span.began - until >= 1) gaps.push({ began: until, ended: span.began });
    until = Math.max(until, span.ended ?? Infinity);
  }
  if (now - until >= 1) gaps.push({ began: until, ended: null });
  return gaps;
}

/**
 * The times of successive seconds in which writes were not acknowledged.
 *
 * @param {Timeline["writes"]} writes
 */
function failures(writes) {
  /** @type {Array<{began: number, ended: number, failed: number}>} */
  const found = [];
  for (const { second, failed } of [...writes].sort((one, other) => one.second - other.second)) {
    if (!failed) continue;
    const last = found.at(-1);
    if (last?.ended === second) Object.assign(last, { ended: second + 1, failed: last.failed + failed });
    else found.push({ began: second, ended: second + 1, failed });
  }
  return found;
}

/** @param {number} count Of the rows that the table leaves out. */
const leftOut = (count) => (count > 0 ? [{ began: 0, what: `${count} earlier ones`, when: "left out" }] : []);

/**
 * @param {Timeline} timeline
 * @param {number} now
 */
export function timelineTable(timeline, now) {
  const rows = [
    ...timeline.up.map((up) => ({ began: up.began, what: `${short(up.member)} was healthy`, when: span(up, now) })),
    ...timeline.members.flatMap((member) =>
      unseen(timeline, member, now).map((time) => ({
        began: time.began,
        what: `${short(member)} was unknown, or not there`,
        when: span(time, now),
      })),
    ),
    ...failures(timeline.writes).map((time) => ({
      began: time.began,
      what: `${counted(time.failed, "write")} ${time.failed === 1 ? "was" : "were"} not acknowledged`,
      when: span(time, now),
    })),
    ...timeline.down.map((down) => ({
      began: down.began,
      what: `${short(down.member)} was down ${down.cause === "run" ? "by a run" : "by something else"}`,
      when: span(down, now),
    })),
    ...timeline.leaders.map((led) => ({ began: led.began, what: `${short(led.member)} led`, when: span(led, now) })),
    ...timeline.runs.map((run) => ({
      began: run.began,
      what: `${commandName(run.command)}: ${run.outcome}`,
      when: span(run, now),
    })),
  ].sort((one, other) => other.began - one.began);
  // In the picture, the ground of what was before is grey.
  const before = { began: -Infinity, what: "Not watched", when: `before ${timeOfDay(timeline.began)}` };
  return h(
    "table",
    {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "What"), h("th", { scope: "col" }, "When"))),
    h(
      "tbody",
      {},
      [...rows.slice(0, TABLE_ROWS), ...leftOut(rows.length - TABLE_ROWS), before].map(({ began, what, when }) => h("tr", { key: `${what}${began}` }, h("td", {}, what), h("td", {}, when))),
    ),
  );
}

/**
 * @param {boolean} running
 * @param {string} because Why it cannot be started yet.
 * @param {string} id Of that reason.
 * @returns {Child} The one control of the writer.
 */
export const writerButton = (running, because, id) =>
  running
    ? button({ kind: "stop-writer" }, { label: "Stop the writer", key: "writer" })
    : button({ kind: "start-writer" }, { label: "Start the writer", look: "primary", key: "writer", because, id });

/**
 * @param {Writer | null} writer
 * @param {{acts: boolean, lost: boolean, because: string}} state Whether the page may act, whether nobody can know what
 *   the writer does now, and why it cannot be started yet.
 * @returns {Child}
 */
export function writerView(writer, { acts, lost, because }) {
  if (writer === null) return acts && h("div", { class: "writer" }, writerButton(false, because, "writer-because"));
  const { running, per_second, acknowledged, failed, longest_stall } = writer;
  const started = running || acknowledged > 0 || failed > 0;
  return h(
    "div",
    { class: "writer" },
    acts && writerButton(running, because, "writer-because"),
    started
      ? h(
          "dl",
          { class: "figures" },
          figure("now", lost ? unknown() : running ? `${per_second.toFixed(per_second < 10 ? 1 : 0)} writes/s` : "stopped"),
          figure("acknowledged", acknowledged.toLocaleString("en")),
          figure("not acknowledged", failed.toLocaleString("en")),
          figure("longest stall", stall(longest_stall)),
        )
      : h("p", { class: "soft" }, "A writer writes one small value after the other, as an application would."),
    writer.problem && h("p", { class: "problem-text" }, writer.problem),
  );
}

/** @param {string} name @param {Child} value */
const figure = (name, value) => h("div", { key: name }, h("dt", {}, name), h("dd", {}, value));
