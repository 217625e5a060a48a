// The guided tour: what to do, and what to watch.

/** @typedef {import("./types").Tour} Tour */
/** @typedef {import("./types").TourStep} TourStep */
/** @typedef {import("./description").Child} Child */
import { button } from "./actions.js";
import { h } from "./tree.js";
import { short, timeOfDay } from "./words.js";

/** @typedef {{title: string, does: Child, watch: Child}} Text */

/**
 * @param {Tour} tour
 * @param {ReadonlyArray<string>} members
 * @returns {Child}
 */
export function tourView(tour, members) {
  const texts = textsFor(members);
  const current = tour.steps.findIndex((step) => step.done === null);
  const done = tour.steps.filter((step) => step.done !== null).length;
  return [
    h(
      "p",
      { class: "soft" },
      current < 0
        ? ["You have seen all of it. To put the setting back:", command("pulumi config set etcd:quotaGiB 1"), command("pulumi up")]
        : `Five steps, about ten minutes, on the cluster of this machine. ${done} of ${tour.steps.length} done.`,
    ),
    h("ol", { class: "tour" }, tour.steps.map((step, index) => stepView(step, index, current, texts[step.name]))),
  ];
}

/**
 * @param {TourStep} step
 * @param {number} index
 * @param {number} current
 * @param {Text} text
 */
function stepView(step, index, current, text) {
  const state = step.done !== null ? "done" : index === current ? "current" : "next";
  return h(
    "li",
    { key: step.name, "data-step": step.name, "data-state": state, "aria-current": state === "current" ? "step" : null },
    h("span", { class: "tick", "aria-hidden": "true" }, step.done === null ? index + 1 : "✓"),
    h(
      "details",
      { open: state === "current" },
      h("summary", {}, text.title, h("span", { class: "hidden" }, step.done === null ? "" : " (done)")),
      step.done !== null && h("p", { class: "seen" }, `${step.seen} `, h("time", {}, timeOfDay(step.done))),
      h("div", { class: "does" }, text.does),
      h("p", { class: "watch" }, h("strong", {}, "Watch: "), text.watch),
    ),
  );
}

/**
 * @param {ReadonlyArray<string>} members
 * @returns {{[name in TourStep["name"]]: Text}}
 */
function textsFor(members) {
  // Members change in the order of their numbers. So the last one is broken before the first one may change.
  const broken = members.at(-1) ?? "";
  const destroyed = members.at(1) ?? broken;
  const press = (/** @type {string} */ verb, /** @type {string} */ member) =>
    h("p", {}, "Press ", h("strong", {}, verb), " on the card of ", h("strong", {}, short(member)), ".");
  return {
    writer: {
      title: "Start a writer",
      does: [
        h("p", {}, "It writes one small value after the other, as an application would."),
        button({ kind: "start-writer" }, "Start the writer", "primary"),
      ],
      watch: "the writes per second below the time line, and the longest stall.",
    },
    change: {
      title: "Change a setting",
      does: [
        h("p", {}, "In a terminal, in the checkout, open a shell and run a change that replaces every member:"),
        command("make shell"),
        command("pulumi config set etcd:quotaGiB 3"),
        command("pulumi up"),
      ],
      watch:
        "a member's gate opens only when all the others are healthy, so the time line never has two bars at once. " +
        "Leadership moves before its member goes, and the writer goes on.",
    },
    refused: {
      title: "Break a member, and see a change refused",
      does: [
        press("Cut off", broken),
        h("p", {}, "When it is shown as not healthy, try another change:"),
        command("pulumi config set etcd:quotaGiB 4"),
        command("pulumi up"),
      ],
      watch:
        "the gate waits two minutes for the broken member. Then the run is refused, with the reason and what helps. " +
        "No other member was touched, and the writer never stopped for long.",
    },
    healed: {
      title: "Heal it",
      does: [press("Reconnect", broken), h("p", {}, "When all members are healthy, the same change goes through:"), command("pulumi up")],
      watch: "the member catches up by itself.",
    },
    repaired: {
      title: "Destroy one outside of Pulumi, and repair it",
      does: [press("Destroy", destroyed), h("p", {}, "Its droplet is gone. Run:"), command("pulumi up")],
      watch: "the run finds out, creates the droplet again, and the member returns with the data of its volume.",
    },
  };
}

/** @param {string} text A command of a shell. */
const command = (text) =>
  h(
    "div",
    { class: "command" },
    h("code", {}, text),
    h("button", { type: "button", "data-copy": text, "aria-label": `Copy ${text}` }, "Copy"),
  );

/**
 * Make the buttons work that copy a command.
 *
 * @param {(text: string) => void} announce
 */
export function listenToCopies(announce) {
  document.addEventListener("click", async (event) => {
    const pressed = event.target instanceof Element && event.target.closest("[data-copy]");
    if (!(pressed instanceof HTMLElement)) return;
    try {
      await navigator.clipboard.writeText(pressed.dataset["copy"] ?? "");
      pressed.dataset["copied"] = "";
      setTimeout(() => delete pressed.dataset["copied"], 1500);
      announce("Copied.");
    } catch {
      announce("The browser does not allow copying. Select the command instead.");
    }
  });
}
