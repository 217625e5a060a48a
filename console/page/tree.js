// Describes what a part of the page shows, and changes only what differs from it.

/** @typedef {import("./description").Child} Child */
/** @typedef {import("./description").Description} Description */
/** @typedef {import("./description").Part} Part */
/** @typedef {import("./description").Value} Value */

const SVG = "http://www.w3.org/2000/svg";

/** What was described last, by element.
 * @type {WeakMap<Element, Description["attributes"]>} */
const shown = new WeakMap();

/**
 * Describe an element.
 *
 * An attribute that is null, undefined or false is left out, and one that is true is empty. One that begins with `--` is
 * a custom property of CSS. What a person opened stays open until the description of `open` changes. An element with a
 * `key` stays the same element when others come or go before it.
 *
 * @param {string} tag
 * @param {{[name: string]: Value}} [attributes]
 * @param {...Child} children
 * @returns {Description}
 */
export function h(tag, attributes = {}, ...children) {
  const { key, ...others } = attributes;
  return { tag, attributes: others, children: flat(children), key: key === undefined ? "" : String(key) };
}

/**
 * @param {ReadonlyArray<Child>} children
 * @returns {Part[]}
 */
function flat(children) {
  /** @type {Part[]} */
  const nodes = [];
  for (const child of children) {
    if (Array.isArray(child)) nodes.push(...flat(child));
    else if (typeof child === "number") nodes.push(String(child));
    else if (child !== null && child !== undefined && child !== false && child !== "")
      nodes.push(/** @type {Part} */ (child));
  }
  return nodes;
}

/**
 * Make the children of an element those that are described.
 *
 * @param {Element} parent
 * @param {...Child} children
 */
export function show(parent, ...children) {
  fill(parent, flat(children));
}

/**
 * @param {Element} parent
 * @param {ReadonlyArray<Part>} wanted
 */
function fill(parent, wanted) {
  const keyed = byKey(parent);
  const kept = new Set(wanted.map((description) => (typeof description === "string" ? "" : description.key)));
  let next = parent.firstChild;
  for (const description of wanted) {
    // Moving an element that stays would take the focus from it, so those that go make way first.
    while (next instanceof Element && !kept.has(keys.get(next) ?? "") && keys.has(next)) next = removed(next);
    const found = matching(description, next, keyed);
    const node = found ?? create(description, parent);
    if (node === next) next = next.nextSibling;
    else parent.insertBefore(node, next);
    if (typeof description === "string") {
      if (node.nodeValue !== description) node.nodeValue = description;
    } else change(/** @type {Element} */ (node), description);
  }
  while (next) next = removed(next);
}

/**
 * @param {ChildNode} node
 * @returns {ChildNode | null} The one after it.
 */
function removed(node) {
  const after = node.nextSibling;
  node.remove();
  return after;
}

/**
 * @param {Element} parent
 * @returns {Map<string, Element>}
 */
function byKey(parent) {
  /** @type {Map<string, Element>} */
  const keyed = new Map();
  for (const child of parent.children) {
    const key = keys.get(child);
    if (key) keyed.set(key, child);
  }
  return keyed;
}

/** @type {WeakMap<Element, string>} */
const keys = new WeakMap();

/**
 * @param {Part} description
 * @param {ChildNode | null} next
 * @param {Map<string, Element>} keyed
 * @returns {ChildNode | null}
 */
function matching(description, next, keyed) {
  if (typeof description === "string") return next?.nodeType === Node.TEXT_NODE ? next : null;
  if (description.key) return keyed.get(description.key) ?? null;
  const same = next instanceof Element && next.localName === description.tag && !keys.get(next);
  return same ? next : null;
}

/**
 * @param {Part} description
 * @param {Element} parent
 * @returns {ChildNode}
 */
function create(description, parent) {
  if (typeof description === "string") return document.createTextNode(description);
  const inSvg = description.tag === "svg" || parent.namespaceURI === SVG;
  const element = inSvg
    ? document.createElementNS(SVG, description.tag)
    : document.createElement(description.tag);
  if (description.key) keys.set(element, description.key);
  return element;
}

/**
 * @param {Element} element
 * @param {Description} description
 */
function change(element, description) {
  const before = shown.get(element) ?? {};
  const after = description.attributes;
  for (const name of Object.keys(before)) if (!(name in after)) set(element, name, null);
  for (const [name, value] of Object.entries(after))
    if (value !== before[name]) set(element, name, value);
  shown.set(element, after);
  fill(element, description.children);
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {Value} value
 */
function set(element, name, value) {
  if (name.startsWith("--")) {
    const { style } = /** @type {HTMLElement | SVGElement} */ (element);
    if (value === null || value === undefined) style.removeProperty(name);
    else style.setProperty(name, String(value));
  } else if (name === "open" && element instanceof HTMLDetailsElement) element.open = Boolean(value);
  else if (value === null || value === undefined || value === false) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? "" : String(value));
}
