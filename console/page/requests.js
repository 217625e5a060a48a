// The requests to the APIs of the cloud, as they come.

/** @typedef {import("./types").Request} Request */
/** @typedef {{text: string, changes: boolean}} Filter */
import { h } from "./tree.js";
import { none, timeOfDay, unknown } from "./words.js";

/** More are not kept: a browser that is open for days would fill its memory. */
const KEPT = 1000;
const SHOWN = 100;

/**
 * @param {ReadonlyArray<Request> | null} before
 * @param {ReadonlyArray<Request> | null} news
 * @param {boolean} first
 * @returns {ReadonlyArray<Request> | null}
 */
export function withNews(before, news, first) {
  if (first || before === null || news === null) return news && news.slice(-KEPT);
  const last = before.at(-1)?.number ?? 0;
  return [...before, ...news.filter(({ number }) => number > last)].slice(-KEPT);
}

/**
 * @param {ReadonlyArray<Request> | null} requests
 * @param {Filter} filter
 */
export function requestsView(requests, filter) {
  if (requests === null)
    return h("p", {}, "The requests are ", unknown(), ": a cloud's own API does not tell them.");
  const found = requests.filter(matches(filter));
  if (found.length === 0) return h("p", {}, none(requests.length ? "No request matches the filter." : "No requests yet."));
  return h(
    "table",
    { class: "request-table" },
    h(
      "thead",
      {},
      h("tr", {}, ["Time", "Status", "Request", "Who"].map((name) => h("th", { scope: "col" }, name))),
    ),
    h("tbody", {}, newestFirst(found).slice(0, SHOWN).map(row)),
  );
}

/** Requests are told when they end, and shown in the order in which they came. @param {ReadonlyArray<Request>} requests */
const newestFirst = (requests) =>
  [...requests].sort((one, other) => other.time - one.time || other.number - one.number);

/** @param {Filter} filter @returns {(request: Request) => boolean} */
function matches({ text, changes }) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return (request) => {
    if (changes && request.method === "GET") return false;
    const { service, method, path, status, who } = request;
    const all = `${service} ${method} ${path} ${status ?? ""} ${who}`.toLowerCase();
    return words.every((word) => all.includes(word));
  };
}

/** @param {Request} request */
function row({ number, time, service, method, path, status, who }) {
  const level = status === null ? "bad" : status >= 500 ? "bad" : status >= 400 ? "warn" : null;
  return h(
    "tr",
    { key: number },
    h("td", { class: "soft" }, timeOfDay(time)),
    h("td", {}, h("span", { class: level && `chip ${level}` }, status === null ? "no answer" : status)),
    h(
      "td",
      { class: "path" },
      h("span", { class: "method", "data-changes": method !== "GET" }, method),
      ` ${path}`,
      h("span", { class: "soft" }, ` ${service}`),
    ),
    h("td", { class: "soft" }, who),
  );
}
