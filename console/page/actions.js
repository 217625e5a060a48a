// Asks before an action that hurts, and posts it.

/** @typedef {import("./types").Action} Action */
/** @typedef {import("./types").MemberAction} MemberAction */
/** @typedef {import("./description").Description} Description */
import { h } from "./tree.js";
import { short } from "./words.js";

/** @typedef {{heading: string, text: string, verb: string}} Question */

/** @type {{[kind in MemberAction["kind"]]: string}} */
const MEMBER_VERBS = {
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
 * @returns {Question | null} What to ask before it; null if it does not hurt.
 */
export function question(action) {
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
  const member = short(action.member);
  const verb = MEMBER_VERBS[action.kind];
  return effect ? { heading: `${verb} ${member}?`, text: effect(member), verb: `${verb} ${member}` } : null;
}

/**
 * @param {Action} action
 * @param {string} [label]
 * @param {string} [look]
 * @returns {Description} A button that does the action when it is pressed.
 */
export function button(action, label, look) {
  const member = "member" in action ? short(action.member) : "";
  const text = label ?? ("member" in action ? MEMBER_VERBS[action.kind] : action.kind);
  return h(
    "button",
    {
      type: "button",
      key: `${action.kind}-${text}`,
      class: look,
      "data-act": JSON.stringify(action),
      "aria-label": member && `${text} ${member}`,
      "aria-haspopup": question(action) ? "dialog" : null,
    },
    text,
  );
}

/**
 * @param {Action} action
 * @returns {Promise<string>} What is wrong; empty if it was done.
 */
async function post(action) {
  try {
    const answer = await fetch("actions", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(action),
    });
    if (answer.ok) return "";
    const told = await answer.json().catch(() => null);
    return told?.error ?? `The console's server answered with status ${answer.status}.`;
  } catch {
    return "The console's server does not answer. Is the local cloud running?";
  }
}

/** @template {HTMLElement} T @param {string} id @returns {T} */
const byId = (id) => /** @type {T} */ (document.getElementById(id));

/** Make all buttons of actions work. */
export function listenToButtons() {
  /** @type {HTMLDialogElement} */
  const dialog = byId("confirmation");
  const problem = byId("confirmation-problem");
  const confirm = byId("confirmation-do");
  /** @type {Action | null} */
  let asked = null;

  byId("confirmation-cancel").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => (asked = null));
  confirm.addEventListener("click", async () => {
    if (!asked || busy(confirm)) return;
    const action = asked;
    // To wipe a member takes a while.
    confirm.textContent = "Working …";
    const wrong = await during(confirm, post({ .../** @type {MemberAction} */ (action), confirmed: true }));
    // The person may have closed the dialog, or asked for something else meanwhile.
    if (asked !== action) tell(wrong);
    else if (wrong) {
      problem.textContent = wrong;
      confirm.textContent = question(action)?.verb ?? "";
    } else dialog.close();
  });

  document.addEventListener("click", async (event) => {
    const pressed = event.target instanceof Element && event.target.closest("[data-act]");
    if (!(pressed instanceof HTMLElement) || busy(pressed)) return;
    /** @type {Action} */
    const action = JSON.parse(pressed.dataset["act"] ?? "");
    const asks = question(action);
    if (!asks) {
      tell(await during(pressed, post(action)));
      return;
    }
    asked = action;
    byId("confirmation-heading").textContent = asks.heading;
    byId("confirmation-text").textContent = asks.text;
    confirm.textContent = asks.verb;
    problem.textContent = "";
    dialog.showModal();
  });

  byId("toast").addEventListener("click", () => tell(""));
}

/** @param {HTMLElement} pressed */
const busy = (pressed) => pressed.getAttribute("aria-disabled") === "true";

/**
 * @template T
 * @param {HTMLElement} pressed
 * @param {Promise<T>} work
 */
async function during(pressed, work) {
  pressed.setAttribute("aria-disabled", "true");
  try {
    return await work;
  } finally {
    pressed.removeAttribute("aria-disabled");
  }
}

/** @param {string} problem */
function tell(problem) {
  byId("toast").textContent = problem;
}
