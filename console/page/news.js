// Finds what a screen reader is told when a document has changed.

/** @typedef {import("./types").Page} Page */
import { commandName, OUTCOMES } from "./run.js";
import { summary } from "./summary.js";
import { counted, short } from "./words.js";

/**
 * @param {Partial<Page>} before
 * @param {Partial<Page>} after
 * @returns {string[]} One sentence for each thing that has happened.
 */
export function news(before, after) {
  return [...ofMembers(before, after), ...ofRun(before, after), ...ofTour(before, after)];
}

/** @param {Partial<Page>} before @param {Partial<Page>} after */
function ofMembers(before, after) {
  // What the sentence says of members that are gone depends on the run.
  if (after.members === undefined || (before.members === after.members && before.run === after.run)) return [];
  const now = summary(after.members, after.run ?? null).text;
  const changed = before.members === undefined || summary(before.members, before.run ?? null).text !== now;
  const leader = (/** @type {Partial<Page>} */ page) =>
    page.members?.find((member) => member.role === "leader")?.name;
  const moved = leader(after) && leader(before) && leader(after) !== leader(before);
  return [...(changed ? [`${now}.`] : []), ...(moved ? [`${short(leader(after) ?? "")} leads now.`] : [])];
}

/** @param {Partial<Page>} before @param {Partial<Page>} after */
function ofRun(before, after) {
  const run = after.run;
  if (!run || before.run === undefined || before.run === run) return [];
  const another = before.run?.id !== run.id;
  if (another && run.outcome === "running") return [`${commandName(run.command)} runs.`];
  // A console that was started again tells of a run that was over before.
  if (before.run === null || (!another && before.run.outcome === run.outcome)) return [];
  return [`${commandName(run.command)}: ${OUTCOMES[run.outcome]}. ${run.reason}`];
}

/** @param {Partial<Page>} before @param {Partial<Page>} after */
function ofTour(before, after) {
  const done = (/** @type {Partial<Page>} */ page) =>
    page.tour?.steps.filter((step) => step.done !== null).length ?? 0;
  if (before.tour === undefined || done(after) <= done(before)) return [];
  return [`${counted(done(after), "step")} of the tour done.`];
}
