// Says what an action would do now, so that a person can decide.

/** @typedef {import("./types").Action} Action */
/** @typedef {import("./types").Member} Member */
/** @typedef {import("./types").MemberAction} MemberAction */
import { quorumOf } from "./summary.js";
import { listed, short } from "./words.js";

/** @typedef {{heading: string, text: string, verb: string}} Question */

/** @type {{[kind in MemberAction["kind"]]: string}} */
export const MEMBER_VERBS = {
  "power-off": "Power off",
  "power-on": "Power on",
  pause: "Pause",
  resume: "Resume",
  "cut-off": "Cut off",
  reconnect: "Reconnect",
  wipe: "Wipe",
  destroy: "Destroy",
};

/** What an action on a member does to it, if it hurts.
 * @type {{[kind: string]: (member: string) => string}} */
const MEMBER_EFFECTS = {
  "power-off": (member) =>
    `The droplet of ${member} loses its power at once, as when a host fails. Its data stays on its volume. The member ` +
    "is down until it is powered on here, or by the next pulumi up.",
  pause: (member) =>
    `All processes of ${member} stop where they are, as on a host that hangs. Connections to it stay open and get no ` +
    "answer. It continues when it is resumed here.",
  "cut-off": (member) =>
    `No packet reaches or leaves ${member}. It runs on alone: neither the other members nor this machine reach it, ` +
    "until it is reconnected here.",
  wipe: (member) =>
    `etcd stops on ${member}, all its data is deleted, and etcd starts again. The member has to leave the cluster and ` +
    "to join it once more, with a copy of the others' data.",
  destroy: (member) =>
    `The droplet of ${member} is deleted at the cloud, past Pulumi. Its volume stays. The member is down until the ` +
    "next pulumi up creates its droplet again.",
};

/** @type {{[fault: string]: string}} */
const FAULT_EFFECTS = {
  down: "Nothing answers at the API: connections to it are refused.",
  slow: "Each answer of the API takes some seconds.",
  errors: "The API answers with an error of the server.",
};

/** @type {{[service: string]: string}} */
export const SERVICES = { digitalocean: "DigitalOcean", cloudflare: "Cloudflare" };

/**
 * @param {Action} action
 * @param {ReadonlyArray<Member>} members
 * @returns {Question | null} What to ask before it; null if it does not hurt.
 */
export function question(action, members) {
  if (action.kind === "stop-dns")
    return {
      heading: "Stop DNS?",
      text: "The name server answers nothing, until it is started here. Members find each other by addresses that they know.",
      verb: "Stop DNS",
    };
  if (action.kind === "add-fault") {
    const service = SERVICES[action.service] ?? action.service;
    return {
      heading: `Break the API of ${service}?`,
      text: `${FAULT_EFFECTS[action.fault] ?? ""} This concerns members and pulumi up alike, until the fault is ended here.`,
      verb: "Break it",
    };
  }
  if (!("member" in action)) return null;
  const effect = MEMBER_EFFECTS[action.kind];
  if (!effect) return null;
  const member = short(action.member);
  const verb = `${MEMBER_VERBS[action.kind]} ${member}`;
  const text = [effect(member), withoutIt(action.member, members), copyOf(action, members)].filter(Boolean).join(" ");
  return { heading: `${verb}?`, text, verb };
}

/**
 * @param {string} name
 * @param {ReadonlyArray<Member>} members
 * @returns {string} What the cluster is without the member.
 */
function withoutIt(name, members) {
  const others = members.filter((member) => member.name !== name);
  const bad = others.filter(({ healthy }) => healthy === false).map((member) => short(member.name));
  const unknown = others.filter(({ healthy }) => healthy === null).map((member) => short(member.name));
  const left = others.length - bad.length;
  const quorum = quorumOf(members.length);
  const are = `${listed(bad)} ${bad.length === 1 ? "is" : "are"} not healthy`;
  if (left < quorum) {
    const itself = members.find((member) => member.name === name)?.healthy;
    const had = left + (itself === false ? 0 : 1) >= quorum;
    if (!had) return `The cluster has no quorum already, as ${are}: writes stop until enough members are healthy.`;
    const until = bad.length ? `${short(name)} or ${bad.length === 1 ? bad[0] : `one of ${listed(bad)}`}` : "it";
    return `${bad.length ? `${are}. ` : ""}Without ${bad.length ? short(name) : "it"} the cluster has no quorum: writes stop until ${until} is healthy again.`;
  }
  if (left - unknown.length < quorum)
    return `Whether the cluster has a quorum without it is unknown, as the health of ${listed(unknown)} is.`;
  if (bad.length && left === quorum) return `${are}. Without ${short(name)} the cluster tolerates no further failure.`;
  return "";
}

/** @param {MemberAction} action @param {ReadonlyArray<Member>} members */
function copyOf({ kind, member }, members) {
  if (kind !== "wipe") return "";
  const healthy = members.filter((other) => other.name !== member && other.healthy).length;
  if (healthy >= quorumOf(members.length)) return "";
  return "The other members have no healthy quorum: there may be no copy of the data to receive, and then it is lost.";
}
