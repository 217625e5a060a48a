// What the page says while the console's server does not answer.

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
 * @param {number | null} seen
 * @param {Stack | undefined} stack
 * @param {string} port That of the page.
 * @returns {Child}
 */
export function lostView(seen, stack, port) {
  const words = [
    "make console",
    ...(stack && !stack.local ? [`STACK=${stack.stack}`] : []),
    ...(port === PORT ? [] : [`ARGS="--port ${port}"`]),
  ];
  return h(
    "div",
    { class: "problem" },
    h(
      "p",
      {},
      h("strong", {}, "The console's server does not answer. "),
      seen !== null && `All below was last seen at ${timeOfDay(seen)}. It may be different now.`,
    ),
    h(
      "p",
      {},
      stack && !stack.local
        ? "Start it again, in a terminal in the checkout:"
        : "It ends with the local cloud. Start both again, in a terminal in the checkout:",
    ),
    command(words.join(" ")),
  );
}
