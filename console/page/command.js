// A command of a shell, and the button that copies it.

/** @typedef {import("./description").Child} Child */
import { h } from "./tree.js";

/** The commands that texts of the server ask for, and not only mention. */
const ASKED = /(?:\b[Rr]un |: )(make up|pulumi up)\b/;

/** @param {string} text @returns {Child} */
export const command = (text) =>
  h(
    "div",
    { class: "command", key: text },
    h("code", {}, text),
    h("button", { type: "button", "data-copy": text, "aria-label": `Copy ${text}` }, "Copy"),
  );

/** @param {string} text @returns {Child} The text, and the command that it asks for, to be copied. */
export function withCommand(text) {
  const match = ASKED.exec(text);
  const found = match?.[1];
  if (!match || !found) return h("p", {}, text);
  // The text may mention the command before it asks for it, and again after that.
  const end = match.index + match[0].length;
  const before = text.slice(0, end - found.length);
  return [h("p", {}, before, h("code", {}, found), text.slice(end)), command(found)];
}

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
