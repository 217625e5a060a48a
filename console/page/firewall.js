// The firewall: who may reach what, as a picture and as a list.

/** @typedef {import("./types").Reach} Reach */
/** @typedef {import("./description").Child} Child */
import { h } from "./tree.js";
import { none, unknown } from "./words.js";

const ROW = 44;
const SOURCE_HEIGHT = 32;

/** @param {string} source */
const sourceName = (source) => (source === "members" ? "the members" : source);

/**
 * @param {Pick<import("./types").Cloud, "reach" | "reach_problem">} cloud
 * @param {number} width
 * @returns {Child}
 */
export function firewallView({ reach, reach_problem: problem }, width) {
  const why = problem && h("p", { class: "soft" }, problem);
  if (reach === null) return [why, h("p", {}, "The rules are ", unknown(), ".")];
  if (reach.length === 0) return [why, h("p", {}, none("No rule lets anybody in."))];
  return [why, picture(reach, width), alternative(reach)];
}

/** @param {ReadonlyArray<Reach>} reach @param {number} width */
function picture(reach, width) {
  const sources = [...new Set(reach.map(({ source }) => source))];
  const targets = [...new Map(reach.map((rule) => [targetKey(rule), rule])).values()];
  const rows = Math.max(sources.length, targets.length);
  const height = rows * ROW + 34;
  const [sourceWidth, targetWidth] = [Math.min(150, width * 0.36), Math.min(230, width * 0.44)];
  const sourceY = (/** @type {number} */ index) => 30 + (index + 0.5) * ((rows * ROW) / sources.length);
  const targetY = (/** @type {number} */ index) => 30 + (index + 0.5) * ((rows * ROW) / targets.length);
  const targetX = width - targetWidth - 1;
  return h(
    "svg",
    { class: "firewall", width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "Who may reach which port of a member. A list below says the same." },
    h("text", { class: "note", x: 1, y: 13 }, "from"),
    h("text", { class: "note", x: targetX, y: 13 }, "to a member's port"),
    h("rect", { class: "wall", x: targetX - 10, y: 22, width: 4, height: height - 24, rx: 2 }),
    reach.map((rule) => {
      const from = sourceY(sources.indexOf(rule.source));
      const to = targetY(targets.findIndex((target) => targetKey(target) === targetKey(rule)));
      const middle = (sourceWidth + targetX - 10) / 2;
      return h("path", {
        class: "way",
        key: `${rule.source} ${targetKey(rule)}`,
        "data-source": look(rule.source),
        d: `M${sourceWidth + 1} ${from}C${middle} ${from} ${middle} ${to} ${targetX - 2} ${to}`,
      });
    }),
    sources.map((source, index) => {
      const y = sourceY(index);
      return h(
        "g",
        { key: source },
        h("rect", { class: "end", "data-source": look(source), x: 1, y: y - SOURCE_HEIGHT / 2, width: sourceWidth, height: SOURCE_HEIGHT, rx: 6 }),
        h("text", { class: "end-label", x: 9, y: y + 4, ...fitted(sourceName(source), sourceWidth - 16) }, sourceName(source)),
      );
    }),
    targets.map((target, index) => {
      const y = targetY(index);
      return h(
        "g",
        { key: targetKey(target) },
        h("rect", { class: "end", x: targetX, y: y - 17, width: targetWidth, height: 34, rx: 6 }),
        h("text", { class: "port", x: targetX + 8, y: y - 2 }, `${target.ports} ${target.protocol}`),
        h("text", { class: "note", x: targetX + 8, y: y + 12, ...fitted(target.purpose, targetWidth - 14, 5.6) }, target.purpose),
      );
    }),
  );
}

/** @param {string} text @param {number} width @param {number} [letter] Pixels of a letter. */
const fitted = (text, width, letter = 6.8) =>
  text.length * letter > width ? { textLength: width, lengthAdjust: "spacingAndGlyphs" } : {};

/** @param {Reach} rule */
const targetKey = ({ ports, protocol, purpose }) => `${protocol} ${ports} ${purpose}`;

/** @param {string} source */
const look = (source) => (source === "members" || source === "anyone" ? source : "range");

/** @param {ReadonlyArray<Reach>} reach */
const alternative = (reach) =>
  h(
    "details",
    { class: "alternative" },
    h("summary", {}, "The rules as a list"),
    h(
      "ul",
      { class: "plain" },
      reach.map((rule) =>
        h(
          "li",
          { key: `${rule.source} ${targetKey(rule)}` },
          `${capital(sourceName(rule.source))} may reach port ${rule.ports} (${rule.protocol}): ${rule.purpose}.`,
        ),
      ),
    ),
  );

/** @param {string} text */
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
