// Keeps the keyboard's focus on the page when the control that has it goes.

/** @typedef {{element: HTMLElement, ancestors: Element[], group: Element | null, index: number}} Place */

const CONTROLS = "button, a[href], input, summary";
const GROUPS = '[role="group"], ul, ol';
const HEADINGS = "h1, h2, h3, summary";

/** @param {Element} group @returns {HTMLElement[]} */
const controlsIn = (group) =>
  [.../** @type {NodeListOf<HTMLElement>} */ (group.querySelectorAll(CONTROLS))].filter((one) => one.checkVisibility());

/**
 * @param {Element | null} element
 * @returns {Place | null} Where an element stands, if it is more than the page itself.
 */
export function placeOf(element) {
  if (!(element instanceof HTMLElement) || element === document.body) return null;
  const ancestors = [];
  for (let one = element.parentElement; one; one = one.parentElement) ancestors.push(one);
  // A list of lists: the outermost of a card has the controls that take the place of others.
  const group = element.closest(GROUPS);
  return { element, ancestors, group, index: group ? controlsIn(group).indexOf(element) : -1 };
}

/**
 * Focus what takes the place of an element that is gone or hidden: the control at its place in its group, or else the
 * heading of the nearest part that is still there.
 *
 * @param {Place | null} place
 */
export function keepFocus(place) {
  if (!place || (place.element.isConnected && place.element.checkVisibility())) return;
  const focused = document.activeElement;
  if (focused instanceof HTMLElement && focused !== document.body && focused.checkVisibility()) return;
  successor(place)?.focus();
}

/** @param {Place} place @returns {HTMLElement | null} */
function successor({ element, ancestors, group, index }) {
  const closed = element.isConnected && element.closest("details:not([open])")?.querySelector("summary");
  if (closed && closed.checkVisibility()) return closed;
  if (group?.isConnected && group.checkVisibility()) {
    const controls = controlsIn(group);
    const found = controls[Math.min(Math.max(index, 0), controls.length - 1)];
    if (found) return found;
  }
  for (const ancestor of ancestors) {
    if (!ancestor.isConnected) continue;
    const heading = [.../** @type {NodeListOf<HTMLElement>} */ (ancestor.querySelectorAll(HEADINGS))].find((one) =>
      one.checkVisibility(),
    );
    if (!heading) continue;
    if (!heading.matches(CONTROLS)) heading.tabIndex = -1;
    return heading;
  }
  return null;
}
