// Shows what went wrong, until it is closed, a while has passed, or its cause is gone.

const SECONDS = 20;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let ending;
/** Describes what the problem is about: when this changes, its cause is gone. @type {(() => unknown) | null} */
let about = null;
/** @type {unknown} */
let before;

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * @param {string} problem Empty to show none.
 * @param {() => unknown} [cause]
 */
export function tell(problem, cause) {
  clearTimeout(ending);
  byId("toast").hidden = !problem;
  byId("toast-text").textContent = problem;
  about = problem && cause ? cause : null;
  before = about?.();
  if (problem) ending = setTimeout(() => tell(""), SECONDS * 1000);
}

/** Close the problem if its cause is gone. */
export function settle() {
  if (about && about() !== before) tell("");
}
