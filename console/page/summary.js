// The one sentence about the cluster's state.

/** @typedef {import("./types").Page} Page */
import { short, counted, listed } from "./words.js";

/** @param {number} size @returns {number} How many members have to be healthy, so that the cluster takes writes. */
export const quorumOf = (size) => Math.floor(size / 2) + 1;

/**
 * @param {Page["members"]} members
 * @param {Page["run"]} run
 * @returns {{text: string, level: "good" | "warn" | "bad" | "unknown"}}
 */
export function summary(members, run) {
  if (members === null) return { text: "The state of the members is unknown", level: "unknown" };
  if (members.length === 0) return { text: "The stack has no cluster", level: "unknown" };
  const healthy = members.filter((member) => member.healthy).length;
  const bad = members.filter((member) => member.healthy === false).map((member) => short(member.name));
  const unknown = members.filter((member) => member.healthy === null).map((member) => short(member.name));
  if (unknown.length === members.length) {
    return { text: `The state of ${counted(members.length, "member")} is unknown`, level: "unknown" };
  }
  const text = `${healthy} of ${counted(members.length, "member")} ${healthy === 1 ? "is" : "are"} healthy`;
  if (!bad.length && !unknown.length) return { text, level: "good" };
  const parts = [
    ...(bad.length ? [`${listed(bad)} ${bad.length === 1 ? "is" : "are"} not`] : []),
    ...(unknown.length ? [`${listed(unknown)} ${unknown.length === 1 ? "is" : "are"} unknown`] : []),
  ];
  if (run?.command === "destroy" && run.outcome === "running") return { text: `${text}: pulumi destroy deletes them`, level: "warn" };
  const quorum = quorumOf(members.length);
  // A member that answers as a voter serves writes, whatever else is wrong with it. Without a leader there are none.
  const voters = members.filter(({ healthy, role }) => healthy === false && (role === "leader" || role === "follower")).length;
  const leads = members.some(({ role }) => role === "leader");
  const serving = healthy + unknown.length + (leads ? voters : 0);
  const none = serving < quorum ? ". No quorum: no writes" : "";
  return {
    text: `${text}: ${parts.join(", ")}${none}`,
    level: !bad.length ? "unknown" : serving >= quorum ? "warn" : "bad",
  };
}
