// The run of Pulumi that goes on, or the last one.

/** @typedef {import("./types").Run} Run */
/** @typedef {import("./types").Step} Step */
/** @typedef {import("./description").Child} Child */
import { h } from "./tree.js";
import { ago, clock, counted, none, short, timeOfDay, whole } from "./words.js";

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
 * @param {boolean} lost Whether nobody can know what the run does now.
 * @returns {Child}
 */
export function runView(run, now, lost) {
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
      h("span", { class: `chip ${LEVELS[run.outcome]}` }, run.ended === null && lost ? "unknown now" : OUTCOMES[run.outcome]),
      " ",
      h("span", { class: "soft" }, run.ended === null ? `for ${length}` : `after ${length}, ${ago(run.ended, now)}`),
    ),
    run.reason && reason(run),
    !lost && waiting(run, now),
    run.steps.length > 0 && steps(run, lost),
    h("h3", { class: "small" }, "What it says"),
    lines(run),
  ];
}

/** @param {Run} run */
const reason = (run) =>
  h(
    "div",
    { class: `reason ${LEVELS[run.outcome]}`, key: "reason" },
    h("strong", {}, run.outcome === "refused" ? "Why it was refused" : "How it ended"),
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
      h("strong", {}, since ? `It has waited ${since}. ` : "It waits. "),
      whole(run.waiting_for),
    ),
  );
}

/** @typedef {"now" | "over" | "lost"} Time What the steps of a run are told as: as present, as past, or as last seen. */

/** @param {Run} run @param {boolean} lost */
function steps(run, lost) {
  const time = run.ended !== null ? "over" : lost ? "lost" : "now";
  return h(
    "ol",
    { class: "steps", key: "steps" },
    run.steps.map((step) =>
      h(
        "li",
        { key: step.member },
        h("span", { class: "step-name" }, short(step.member)),
        run.command === "preview" ? previewed(step, time) : way(step, time),
      ),
    ),
  );
}

/** @param {Step} step @param {Time} time */
function previewed({ gate, droplet }, time) {
  if (droplet === "unchanged" && gate !== "refused" && time !== "over") return h("span", { class: "soft" }, "not known yet");
  if (gate === "refused") return h("span", { class: "bad-text" }, "its change would be refused");
  const words = {
    unchanged: "would not be replaced",
    waiting: "would be replaced",
    "shutting down": "would be replaced",
    deleting: "would be deleted",
    creating: "would be created",
    joining: "would be created",
    done: "would be created",
  };
  return h("span", { class: droplet === "unchanged" ? "soft" : "" }, words[droplet]);
}

/** @param {Step} step @param {Time} time @returns {Child} */
function way(step, time) {
  if (step.droplet === "unchanged" && step.gate !== "refused" && step.gate !== "asked")
    return h("span", { class: "soft" }, time === "over" || step.gate === "none" ? "not changed by this run" : "not changed yet");
  const droplet = step.droplet === "deleting" ? "shutting down" : step.droplet;
  const at = STAGES.findIndex(([stage]) => stage === droplet);
  const stages = STAGES.map(([stage, label], index) => {
    const state = stage === "gate" ? gateState(step, time) : stageState(step, index, at, time);
    return h(
      "li",
      { "data-state": state.state, "aria-current": state.state === "current" ? "step" : null },
      label,
      h("span", { class: "hidden" }, ` ${state.words}`),
    );
  });
  return [h("ol", { class: "stages", "aria-label": `Steps of ${short(step.member)}` }, stages), stepWords(step, at, time)];
}

/** A step that did not end: what is said of it depends on whether it may still. @param {Time} time @param {string} now */
const begun = (time, now) =>
  time === "now" ? { state: "current", words: now } : { state: "begun", words: time === "over" ? "began, and the run ended" : "was last seen" };

/** @param {Time} time */
const ahead = (time) => ({ state: "next", words: time === "over" ? "not reached" : time === "lost" ? "was not reached" : "comes later" });

/** @param {Step} step @param {Time} time @returns {{state: string, words: string}} */
function gateState({ gate, droplet }, time) {
  if (gate === "refused") return { state: "refused", words: "refused" };
  if (gate === "asked") return begun(time, "is asked now");
  if (gate === "open") return { state: "done", words: "was open" };
  if (droplet === "waiting") return ahead(time);
  return { state: "skipped", words: "was not asked" };
}

/** @param {Step} step @param {number} index @param {number} at @param {Time} time @returns {{state: string, words: string}} */
function stageState({ gate }, index, at, time) {
  // What asked no gate had no droplet that could stop, as in the first creation.
  if (STAGES[index]?.[0] === "shutting down" && at > index && gate === "none") return { state: "skipped", words: "was not needed" };
  if (at > index || (at === index && index === STAGES.length - 1)) return { state: "done", words: "done" };
  // The run asks the engine for it, and an engine that ends may not have begun.
  if (at === index && time === "over" && STAGES[index]?.[0] === "shutting down") return { state: "begun", words: "may have begun, and the run ended" };
  return at === index ? begun(time, "happens now") : ahead(time);
}

/** @param {Step} step @param {number} at @param {Time} time */
function stepWords({ gate, droplet }, at, time) {
  if (gate === "refused") return h("span", { class: "gate-words bad-text" }, "Its gate refused the change.");
  const label = STAGES[at]?.[1];
  if (time === "over") {
    if (gate === "asked") return h("span", { class: "gate-words" }, "Its gate was asked, and the run ended.");
    if (droplet === "waiting") return h("span", { class: "gate-words" }, "Not touched.");
    if (droplet === "shutting down" || droplet === "deleting")
      return h("span", { class: "gate-words" }, "Its gate opened, and the run ended, perhaps before the stop began.");
    return label && droplet !== "done" && h("span", { class: "gate-words" }, `${label} began, and the run ended.`);
  }
  if (time === "lost") return null;
  if (gate === "asked") return h("span", { class: "gate-words" }, "Its gate waits until all other members are healthy.");
  if (droplet === "waiting") return h("span", { class: "gate-words" }, "Not touched so far.");
  return null;
}

/** @param {Run} run @returns {Child} */
function lines(run) {
  // The reason stands above.
  const said = run.lines.filter(({ text }) => text !== run.reason);
  if (run.told === false) return h("p", { class: "soft" }, "Unknown: it tells the console nothing. Its terminal has it.");
  if (said.length === 0) return none(run.ended === null ? "nothing yet" : "nothing");
  const last = said.slice(-LINES);
  const earlier = said.slice(0, -LINES);
  return [
    h("ol", { class: "lines", key: "last" }, last.map(line)),
    earlier.length > 0 &&
      h(
        "details",
        { class: "alternative", key: "earlier" },
        h("summary", {}, counted(earlier.length, "earlier line")),
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
