// Writes numbers, times and names as people read them.

/** @typedef {import("./description").Description} Description */
import { h } from "./tree.js";

/** Bytes of one GiB. */
export const GIB = 2 ** 30;

const UNITS = /** @type {const} */ ([
  ["GiB", GIB],
  ["MiB", 2 ** 20],
  ["KiB", 2 ** 10],
]);

const SPANS = /** @type {const} */ ([
  ["day", "days", 86400],
  ["hour", "hours", 3600],
  ["minute", "minutes", 60],
  ["second", "seconds", 1],
]);

/** A value that cannot be known from here: it looks different from an empty one. @returns {Description} */
export const unknown = () =>
  h("span", { class: "unknown", title: "This cannot be known from here." }, "unknown");

/** A text whose names begin a new line before they break at their hyphens. @param {string} text @returns {Description} */
export const whole = (text) =>
  h("span", {}, ...text.split(/(\S+-\S+)/).map((part, index) => (index % 2 ? h("span", { class: "whole" }, part) : part)));

/** A value that is known to be empty. @param {string} [text] @returns {Description} */
export const none = (text = "none") => h("span", { class: "none" }, text);

/** @param {number} count @returns {string} For example `12.4 MiB`. */
export function bytes(count) {
  for (const [unit, size] of UNITS)
    if (count >= size) return `${rounded(count / size)} ${unit}`;
  return `${count} bytes`;
}

/** @param {number} value */
const rounded = (value) => (value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1));

/** @param {number} seconds @returns {string} For example `3 minutes`, in the largest unit of which there are two. */
export function duration(seconds) {
  for (const [one, many, length] of SPANS) {
    const count = Math.floor(seconds / length);
    if (count >= 2 || (count === 1 && length === 1)) return `${count} ${count === 1 ? one : many}`;
  }
  return "0 seconds";
}

/** @param {number} seconds @returns {string} For example `1:07`. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const minutes = Math.floor(whole / 60) % 60;
  const rest = String(whole % 60).padStart(2, "0");
  return whole < 3600
    ? `${minutes}:${rest}`
    : `${Math.floor(whole / 3600)}:${String(minutes).padStart(2, "0")}:${rest}`;
}

/** @param {number} seconds @returns {string} For example `126 ms` or `2.3 s`. */
export const stall = (seconds) =>
  seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;

/** @param {number} time Unix time. @returns {string} For example `14:03:09`. */
export function timeOfDay(time) {
  const date = new Date(time * 1000);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}

/** @param {number} time @param {number} now @returns {string} For example `3 minutes ago`. */
export const ago = (time, now) => (now - time < 1 ? "just now" : `${duration(now - time)} ago`);

/** @param {string} name @returns {string} A member's name without its domain: `etcd-server-1`. */
export const short = (name) => name.split(".", 1)[0] ?? name;

/** @param {number} count @param {string} one @param {string} [many] @returns {string} For example `2 members`. */
export const counted = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/** @param {ReadonlyArray<string>} names @returns {string} For example `a, b and c`. */
export const listed = (names) =>
  names.length < 2 ? (names[0] ?? "") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
