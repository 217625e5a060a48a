// The run of Pulumi that goes on, or the last one.

/** @typedef {import("./types").Run} Run */
/** @typedef {import("./types").Step} Step */
/** @typedef {import("./description").Child} Child */
import { h } from "./tree.js";
import { ago, clock, none, short, timeOfDay } from "./words.js";

const LINES = 5;

/** The parts of a member's way through a run, in order. */
const STAGES = /** @type {const} */ ([
  ["gate", "Gate"],
  ["shutting down", "Stop"],
  ["creating", "Create"],
  ["joining", "Join"],
  ["done", "Done"],
]);

/** @type {{[outcome in Run["outcome"]]: string}} */
export const OUTCOMES = {
  running: "running",
  succeeded: "succeeded",
  refused: "refused",
  failed: "failed",
  interrupted: "interrupted",
};

/** @type {{[outcome in Run["outcome"]]: string}} */
const LEVELS = { running: "busy", succeeded: "good", refused: "warn", failed: "bad", interrupted: "warn" };

/** @param {string} command */
export const commandName = (command) => (command === "other" ? "a command of Pulumi" : `pulumi ${command}`);

/**
 * @param {Run | null} run
 * @param {number} now
 * @returns {Child}
 */
export function runView(run, now) {
  if (run === null)
    return h(
      "p",
      { class: "soft" },
      "No run was seen yet. When ",
      h("code", {}, "pulumi up"),
      " runs, its steps appear here as they happen.",
    );
  const length = clock((run.ended ?? now) - run.began);
  return [
    h(
      "p",
      { class: "run-head" },
      h("strong", { class: "code" }, commandName(run.command)),
      " ",
      h("span", { class: `chip ${LEVELS[run.outcome]}` }, OUTCOMES[run.outcome]),
      " ",
      h("span", { class: "soft" }, run.ended === null ? `for ${length}` : `after ${length}, ${ago(run.ended, now)}`),
    ),
    run.reason && reason(run),
    waiting(run, now),
    run.steps.length > 0 && steps(run),
    h("h3", { class: "small" }, "What it says"),
    lines(run),
  ];
}

/** @param {Run} run */
const reason = (run) =>
  h(
    "div",
    { class: `reason ${LEVELS[run.outcome]}`, key: "reason" },
    h("strong", {}, run.outcome === "refused" ? "Why it was refused" : "Why it ended"),
    h("p", {}, run.reason),
  );

/** @param {Run} run @param {number} now */
function waiting(run, now) {
  if (run.ended !== null || !run.waiting_for) return null;
  const since = run.waiting_since === null ? null : clock(now - run.waiting_since);
  return h(
    "p",
    { class: "run-waits", key: "waits" },
    h("span", { class: "pulse", "aria-hidden": "true" }),
    h(
      "span",
      {},
      h("strong", {}, "It waits"),
      since && ` for ${since}`,
      h("strong", {}, ". "),
      run.waiting_for,
    ),
  );
}

/** @param {Run} run */
const steps = (run) =>
  h(
    "ol",
    { class: "steps", key: "steps" },
    run.steps.map((step) =>
      h("li", { key: step.member }, h("span", { class: "step-name" }, short(step.member)), ...way(step, run.ended !== null)),
    ),
  );

/** @param {Step} step @param {boolean} over Whether the run has ended. @returns {Child[]} */
function way(step, over) {
  if (step.droplet === "unchanged" && step.gate !== "refused" && step.gate !== "asked")
    return [h("span", { class: "soft" }, over || step.gate === "none" ? "not changed by this run" : "not changed yet")];
  const droplet = step.droplet === "deleting" ? "shutting down" : step.droplet;
  const at = STAGES.findIndex(([stage]) => stage === droplet);
  const stages = STAGES.map(([stage, label], index) => {
    const state = stage === "gate" ? gateState(step) : stageState(index, at);
    return h(
      "li",
      { "data-state": state.state, "aria-current": state.state === "current" ? "step" : null },
      label,
      h("span", { class: "hidden" }, ` ${state.words}`),
    );
  });
  return [h("ol", { class: "stages", "aria-label": `Steps of ${short(step.member)}` }, stages), gateWords(step)];
}

/** @param {Step} step @returns {{state: string, words: string}} */
function gateState({ gate, droplet }) {
  if (gate === "refused") return { state: "refused", words: "refused" };
  if (gate === "asked") return { state: "current", words: "is asked now" };
  if (gate === "open") return { state: "done", words: "is open" };
  if (droplet === "waiting") return { state: "next", words: "comes later" };
  return { state: "skipped", words: "is not asked by this run" };
}

/** @param {number} index @param {number} at @returns {{state: string, words: string}} */
function stageState(index, at) {
  if (at > index || (at === index && index === STAGES.length - 1)) return { state: "done", words: "done" };
  return at === index ? { state: "current", words: "happens now" } : { state: "next", words: "comes later" };
}

/** @param {Step} step */
function gateWords({ gate, droplet }) {
  if (gate === "refused") return h("span", { class: "gate-words bad-text" }, "Its gate refused the change.");
  if (gate === "asked") return h("span", { class: "gate-words" }, "Its gate waits until all other members are healthy.");
  if (droplet === "waiting") return h("span", { class: "gate-words" }, "Not touched so far.");
  return null;
}

/** @param {Run} run @returns {Child} */
function lines(run) {
  // The reason stands above.
  const said = run.lines.filter(({ text }) => text !== run.reason);
  if (said.length === 0) return none(run.ended === null ? "nothing yet" : "nothing");
  const last = said.slice(-LINES);
  const earlier = said.slice(0, -LINES);
  return [
    h("ol", { class: "lines", key: "last" }, last.map(line)),
    earlier.length > 0 &&
      h(
        "details",
        { class: "alternative", key: "earlier" },
        h("summary", {}, `${earlier.length} earlier lines`),
        h("ol", { class: "lines" }, earlier.map(line)),
      ),
  ];
}

/** @param {Run["lines"][number]} said */
const line = ({ time, severity, text }) =>
  h(
    "li",
    { "data-severity": severity },
    h("time", {}, timeOfDay(time)),
    severity !== "info" && h("strong", {}, `${severity}: `),
    h("span", {}, text),
  );
