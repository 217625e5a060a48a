// What the page says while the console's server tells nothing.

/** @typedef {import("./types").Page} Page */
/** @typedef {import("./types").Stack} Stack */
/** @typedef {import("./description").Child} Child */
import { command } from "./command.js";
import { h } from "./tree.js";
import { timeOfDay } from "./words.js";

const PORT = "9070";

/** @param {number} seen */
export const lastSeen = (seen) => `last seen ${timeOfDay(seen)}`;

/**
 * @param {Partial<Page>} page
 * @returns {Partial<Page>} Without what nobody can know now.
 */
export function withoutPresent(page) {
  const { cloud } = page;
  if (!cloud) return page;
  const records = cloud.records && cloud.records.map((record) => ({ ...record, answered: null }));
  return { ...page, cloud: { ...cloud, records, backups: null, backups_problem: "" } };
}

/**
 * @param {{seen: number | null, answers: boolean}} lost When the documents were last true, and whether the server answers.
 * @param {Stack | undefined} stack
 * @param {string} port That of the page.
 * @returns {Child}
 */
export function lostView({ seen, answers }, stack, port) {
  const old = seen !== null && `All below was last seen at ${timeOfDay(seen)}. It may be different now.`;
  if (answers)
    return h(
      "div",
      { class: "problem" },
      h("p", {}, h("strong", {}, "The console's server answers, but has told nothing yet. "), old),
      h("p", {}, "Wait for it. If it tells nothing within a minute, its log says why."),
    );
  const words = [
    "make console",
    ...(stack && !stack.local ? [`STACK=${stack.stack}`] : []),
    ...(port === PORT ? [] : [`ARGS="--port ${port}"`]),
  ];
  return h(
    "div",
    { class: "problem" },
    h("p", {}, h("strong", {}, "The console's server does not answer. "), old),
    h(
      "p",
      {},
      stack && !stack.local
        ? "Start it again, in a terminal in the checkout:"
        : "It ends with the local cloud, and make up starts both again. Or, in a terminal in the checkout:",
    ),
    command(words.join(" ")),
  );
}
