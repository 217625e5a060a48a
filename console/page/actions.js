// Asks before an action that hurts, and posts it.

/** @typedef {import("./types").Action} Action */
/** @typedef {import("./types").Member} Member */
/** @typedef {import("./types").Page} Page */
/** @typedef {import("./description").Child} Child */
/** @typedef {import("./focus.js").Place} Place */
import { keepFocus, placeOf } from "./focus.js";
import { MEMBER_VERBS, question } from "./questions.js";
import { tell } from "./toast.js";
import { h } from "./tree.js";
import { short } from "./words.js";

/** Seconds for which a button that has done its work rests: the page does not show yet what has changed. */
const REST_SECONDS = 3;
/** What the buttons that rest have done. One control may have got another action meanwhile, which can be done at once.
 * @type {WeakMap<HTMLElement, string>} */
const resting = new WeakMap();

/**
 * @typedef {object} Look
 * @property {string} [label]
 * @property {string} [look]
 * @property {string} [key] Buttons of one key are one control, whatever they do.
 * @property {string} [name] What it is called, if its label alone is not enough.
 * @property {boolean} [pressed] Whether what it switches is on.
 * @property {string} [because] Why it cannot be pressed yet.
 * @property {string} [id] Of that reason.
 */

/**
 * @param {Action | ReadonlyArray<Action>} action
 * @param {Look} [options]
 * @returns {Child} A button that does the action when it is pressed.
 */
export function button(action, { label, look, key, name, pressed, because, id } = {}) {
  const first = /** @type {Action} */ (Array.isArray(action) ? action[0] : action);
  const member = "member" in first ? short(first.member) : "";
  const text = label ?? ("member" in first ? MEMBER_VERBS[first.kind] : first.kind);
  return [
    h(
      "button",
      {
        type: "button",
        key: key ?? `${first.kind}-${text}`,
        class: look,
        "data-act": JSON.stringify(action),
        "aria-label": name ?? (member && `${text} ${member}`),
        "aria-haspopup": question(first, []) ? "dialog" : null,
        "aria-pressed": pressed === undefined ? null : String(pressed),
        "aria-disabled": because ? "true" : null,
        "aria-describedby": because ? id : null,
      },
      text,
    ),
    because?.trim() && h("span", { class: "because", key: `${id}`, id }, because),
  ];
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
    return "The console's server does not answer.";
  }
}

/** @param {ReadonlyArray<Action>} actions @returns {Promise<string>} */
async function postAll(actions) {
  for (const action of actions) {
    const wrong = await post(action);
    if (wrong) return wrong;
  }
  return "";
}

/**
 * What an action is about, as the page shows it.
 *
 * @param {Action} action
 * @param {Partial<Page>} page
 */
function subject(action, page) {
  if ("member" in action) {
    const member = page.members?.find(({ name }) => name === action.member);
    return JSON.stringify([member?.power, member?.cut_off, member?.droplet_id]);
  }
  if (action.kind === "start-writer" || action.kind === "stop-writer") return String(page.writer?.running);
  return JSON.stringify([page.cloud?.faults, page.cloud?.dns_stopped]);
}

/** @template {HTMLElement} T @param {string} id @returns {T} */
const byId = (id) => /** @type {T} */ (document.getElementById(id));

/**
 * Make all buttons of actions work.
 *
 * @param {() => Partial<Page>} shown What the page shows now.
 * @returns {() => void} Asks again what a question is about, when that has changed.
 */
export function listenToButtons(shown) {
  /** @type {HTMLDialogElement} */
  const dialog = byId("confirmation");
  const problem = byId("confirmation-problem");
  const confirm = byId("confirmation-do");
  /** @type {Action | null} */
  let asked = null;
  /** Where the person was before the dialog or the problem. @type {Place | null} */
  let place = null;

  const ask = () => {
    const asks = asked && question(asked, shown().members ?? []);
    if (!asks) return;
    byId("confirmation-heading").textContent = asks.heading;
    byId("confirmation-text").textContent = asks.text;
    if (!busy(confirm)) confirm.textContent = asks.verb;
  };

  byId("confirmation-cancel").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    asked = null;
    keepFocus(place);
  });
  confirm.addEventListener("click", async () => {
    if (!asked || busy(confirm)) return;
    const action = asked;
    // To wipe a member takes a while.
    confirm.textContent = "Working …";
    const wrong = await during(confirm, post(/** @type {Action} */ ({ ...action, confirmed: true })));
    // The person may have closed the dialog, or asked for something else meanwhile.
    if (asked !== action) tell(wrong, () => subject(action, shown()));
    else if (wrong) {
      problem.textContent = wrong;
      ask();
    } else {
      if (place) rest(place.element);
      dialog.close();
    }
  });

  document.addEventListener("click", async (event) => {
    const pressed = event.target instanceof Element && event.target.closest("[data-act]");
    if (!(pressed instanceof HTMLElement) || busy(pressed)) return;
    /** @type {Action | Action[]} */
    const told = JSON.parse(pressed.dataset["act"] ?? "");
    const actions = Array.isArray(told) ? told : [told];
    const first = /** @type {Action} */ (actions[0]);
    place = placeOf(pressed);
    if (!question(first, [])) {
      const about = subject(first, shown());
      const wrong = await during(pressed, postAll(actions));
      tell(wrong, () => subject(first, shown()));
      if (!wrong && subject(first, shown()) === about) rest(pressed);
      return;
    }
    asked = first;
    problem.textContent = "";
    ask();
    dialog.showModal();
  });

  byId("toast-close").addEventListener("click", () => {
    tell("");
    if (place?.element.isConnected) place.element.focus();
    else keepFocus(place);
  });
  return ask;
}

/** @param {HTMLElement} pressed */
const busy = (pressed) =>
  pressed.ariaBusy === "true" ||
  pressed.ariaDisabled === "true" ||
  (resting.has(pressed) && resting.get(pressed) === pressed.dataset["act"]);

/**
 * @template T
 * @param {HTMLElement} pressed
 * @param {Promise<T>} work
 */
async function during(pressed, work) {
  pressed.ariaBusy = "true";
  try {
    return await work;
  } finally {
    pressed.ariaBusy = null;
  }
}

/** @param {HTMLElement} pressed */
function rest(pressed) {
  const action = pressed.dataset["act"] ?? "";
  resting.set(pressed, action);
  setTimeout(() => resting.delete(pressed), REST_SECONDS * 1000);
}
