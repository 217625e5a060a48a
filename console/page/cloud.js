// What else the cloud has: volumes, records, tags and backups; and its faults.

/** @typedef {import("./types").Cloud} Cloud */
/** @typedef {import("./description").Child} Child */
import { button, SERVICES } from "./actions.js";
import { h } from "./tree.js";
import { ago, bytes, none, short, unknown } from "./words.js";

const FAULTS = /** @type {const} */ (["down", "slow", "errors"]);
const BACKUPS = 8;

/** @param {Cloud} cloud @param {number} now @returns {Child} */
export function belongingsView(cloud, now) {
  return [
    part("Volumes", list(cloud.volumes, ({ name, size_gib, member }) => [
      h("span", { class: "code" }, name),
      h("span", { class: "soft" }, ` ${size_gib} GiB, `),
      member ? h("span", { class: "soft" }, `on ${short(member)}`) : h("span", { class: "chip warn" }, "not attached"),
    ])),
    part("DNS records", list(cloud.records, ({ name, address, answered }) => [
      h("span", { class: "code" }, `${short(name)} → ${address}`),
      " ",
      answered === null ? unknown() : answered ? h("span", { class: "good-mark" }, "answered") : h("span", { class: "chip warn" }, "not answered"),
    ])),
    part("Backups", backups(cloud, now)),
    part("Tags", list(cloud.tags, (tag) => h("span", { class: "code" }, tag))),
  ];
}

/** @param {string} name @param {Child} content */
const part = (name, content) => h("div", { class: "card", key: name }, h("h3", {}, name), content);

/**
 * @template T
 * @param {ReadonlyArray<T> | null} items
 * @param {(item: T) => Child} item
 * @returns {Child}
 */
function list(items, item) {
  if (items === null) return unknown();
  return items.length ? h("ul", { class: "plain" }, items.map((one) => h("li", {}, item(one)))) : none();
}

/** @param {Cloud} cloud @param {number} now @returns {Child} */
function backups({ backups: taken, backups_problem: problem }, now) {
  const newest = taken && [...taken].sort((one, other) => other.taken - one.taken);
  return [
    problem && h("p", { class: "soft" }, problem),
    (taken === null || taken.length > 0 || !problem) &&
      list(newest && newest.slice(0, BACKUPS), (backup) => [
        h("span", {}, ago(backup.taken, now)),
        h("span", { class: "soft" }, " "),
        backup.size_bytes === null ? unknown() : h("span", { class: "soft" }, bytes(backup.size_bytes)),
        backup.member && h("span", { class: "soft" }, ` by ${short(backup.member)}`),
        h("span", { class: "code backup-name", title: backup.name }, backup.name.split("/").at(-1)),
      ]),
    newest && newest.length > BACKUPS && h("p", { class: "soft" }, `and ${newest.length - BACKUPS} older ones`),
  ];
}

/** @param {Cloud} cloud @returns {Child} */
export function faultsView({ faults, dns_stopped }) {
  return [
    h(
      "div",
      { class: "fault-row" },
      h("span", {}, "Name server"),
      h("span", { class: dns_stopped ? "chip bad" : "chip good" }, dns_stopped ? "stopped" : "answers"),
      h(
        "span",
        { class: "actions" },
        dns_stopped ? button({ kind: "start-dns" }, "Start DNS", "mending") : button({ kind: "stop-dns" }, "Stop DNS"),
      ),
    ),
    /** @type {const} */ (["digitalocean", "cloudflare"]).map((service) =>
      h(
        "div",
        { class: "fault-row", key: service },
        h("span", { id: `fault-${service}` }, `${SERVICES[service]}'s API`),
        h(
          "span",
          { class: "actions", role: "group", "aria-labelledby": `fault-${service}` },
          FAULTS.map((fault) => button({ kind: "add-fault", service, fault }, fault)),
        ),
      ),
    ),
    faults.length > 0 &&
      h(
        "ul",
        { class: "plain faults", key: "faults", "aria-label": "Faults that are injected now" },
        faults.map(({ id, text }) =>
          h("li", { key: id }, h("span", { class: "chip bad" }, text), button({ kind: "end-fault", id }, "End it", "mending")),
        ),
      ),
  ];
}
