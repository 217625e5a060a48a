// The guided tour: what to do, and what to watch.

/** @typedef {import("./types").Tour} Tour */
/** @typedef {import("./types").TourStep} TourStep */
/** @typedef {import("./description").Child} Child */
import { command } from "./command.js";
import { writerButton } from "./timeline.js";
import { h } from "./tree.js";
import { short, timeOfDay } from "./words.js";

/** @typedef {{title: string, does: Child, watch: Child}} Text */

/**
 * @typedef {object} Facts
 * @property {ReadonlyArray<string>} members Their names.
 * @property {number | null} quota GiB that the members have now.
 * @property {number | null} first GiB that they had before the tour changed it.
 * @property {boolean} running Whether the writer runs.
 * @property {boolean} acts Whether the page may act.
 * @property {string} because Why the writer cannot be started yet.
 */

/** GiB that the tour sets. One of them is the present one at most, so two are left. */
const QUOTAS = [3, 4, 2];

/**
 * @param {Tour} tour
 * @param {Facts} facts
 * @returns {Child}
 */
export function tourView(tour, facts) {
  const texts = textsFor(tour, facts);
  const current = tour.steps.findIndex((step) => step.done === null);
  const done = tour.steps.filter((step) => step.done !== null).length;
  return [
    h(
      "div",
      { class: "soft" },
      current < 0
        ? ["You have seen all of it.", facts.first !== null && facts.first !== facts.quota && putBack(facts.first)]
        : `Five steps, about ten minutes, on the cluster of this machine. ${done} of ${tour.steps.length} done.`,
    ),
    h("ol", { class: "tour" }, tour.steps.map((step, index) => stepView(step, index, current, texts[step.name]))),
  ];
}

/** @param {number} quota @returns {Child} */
const putBack = (quota) => [
  ` The quota was ${quota} GiB before. To put it back:`,
  command(setQuota(quota)),
  command("pulumi up"),
];

/** @param {number} quota */
const setQuota = (quota) => `pulumi config set etcd:quotaGiB ${quota}`;

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
 * @param {Tour} tour
 * @param {Facts} facts
 * @returns {{[name in TourStep["name"]]: Text}}
 */
function textsFor(tour, { members, quota, first: before, running, acts, because }) {
  const changed = tour.steps.some(({ name, done }) => name === "change" && done !== null);
  // A quota that the members have already would change nothing. During the change, the command stays.
  const present = changed ? quota : (before ?? quota);
  const others = QUOTAS.filter((one) => one !== present);
  const [first = 3, second = 4] = others;
  // Members change in the order of their numbers. So the last one is broken before the first one may change.
  const broken = members.at(-1) ?? "";
  const destroyed = members.at(1) ?? broken;
  const press = (/** @type {string} */ verb, /** @type {string} */ member) =>
    h("p", {}, "Press ", h("strong", {}, verb), " on the card of ", member ? h("strong", {}, short(member)) : "a member", ".");
  return {
    writer: {
      title: "Start a writer",
      does: [
        h("p", {}, "It writes one small value after the other, as an application would."),
        acts && writerButton(running, because, "tour-writer-because"),
      ],
      watch: "the writes per second below the time line, and the longest stall.",
    },
    change: {
      title: "Change a setting",
      does: [
        h("p", {}, "In a terminal, in the checkout, open a shell and run a change that replaces every member:"),
        command("make shell"),
        command(setQuota(first)),
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
        command(setQuota(changed ? first : second)),
        command("pulumi up"),
      ],
      watch:
        "the gate waits two minutes for the broken member. Then the run is refused, with the reason and what helps. " +
        "No other member was touched, and the writer never stopped for long. What helps here, beside what the run says: " +
        "the member is cut off on this page. The next step reconnects it.",
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
