// What else the cloud has: volumes, records, tags and backups; and its faults.

/** @typedef {import("./types").Action} Action */
/** @typedef {import("./types").Cloud} Cloud */
/** @typedef {import("./description").Child} Child */
import { button } from "./actions.js";
import { SERVICES } from "./questions.js";
import { h } from "./tree.js";
import { ago, bytes, none, short, unknown } from "./words.js";

const FAULTS = /** @type {const} */ (["down", "slow", "errors"]);
const BACKUPS = 8;

/** @param {Cloud} cloud @param {number} now @returns {Child} */
export function belongingsView(cloud, now) {
  return [
    part("Volumes", known(cloud.volumes, cloud.volumes_problem, ({ name, size_gib, member }) => [
      h("span", { class: "code" }, name),
      h("span", { class: "soft" }, ` ${size_gib} GiB, `),
      member ? h("span", { class: "soft" }, `on ${short(member)}`) : h("span", { class: "chip warn" }, "not attached"),
    ])),
    part("DNS records", known(cloud.records, cloud.records_problem, ({ name, address, answered }) => [
      h("span", { class: "code" }, `${short(name)} → ${address}`),
      " ",
      answered === null ? unknown() : answered ? h("span", { class: "good-mark" }, "answered") : h("span", { class: "chip warn" }, "not answered"),
    ])),
    part("Backups", backups(cloud, now)),
    part("Tags", known(cloud.tags, cloud.tags_problem, (tag) => h("span", { class: "code" }, tag))),
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

/**
 * What is known, and why it is unknown, or how old it is.
 *
 * @template T
 * @param {ReadonlyArray<T> | null} items
 * @param {string} problem
 * @param {(item: T) => Child} item
 * @returns {Child}
 */
function known(items, problem, item) {
  return [problem && h("p", { class: "soft" }, problem), list(items, item)];
}

/** @param {Cloud} cloud @param {number} now @returns {Child} */
function backups({ backups: taken, backups_problem: problem }, now) {
  const newest = taken && [...taken].sort((one, other) => other.taken - one.taken);
  return [
    problem && h("p", { class: "soft" }, problem),
    (taken?.length || !problem) &&
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

/**
 * @param {Cloud} cloud
 * @param {{acts: boolean, known: boolean, problem: string}} state Whether the page may act, whether the state of the
 *   cloud is known, and why not.
 * @returns {Child}
 */
export function faultsView({ faults, dns_stopped }, { acts, known, problem }) {
  const because = known ? {} : { because: problem || "The local cloud does not answer.", id: "faults-because" };
  // One reason stands for all buttons.
  const silent = known ? {} : { because: " ", id: "faults-because" };
  const ends = faults.map(({ id }) => /** @type {Action} */ ({ kind: "end-fault", id }));
  return [
    h(
      "div",
      { class: "fault-row", key: "dns" },
      h("span", {}, "Name server"),
      known ? h("span", { class: dns_stopped ? "chip bad" : "chip good" }, dns_stopped ? "stopped" : "answers") : unknown(),
      acts &&
        h(
          "span",
          { class: "actions" },
          button(
            { kind: dns_stopped ? "start-dns" : "stop-dns" },
            { label: dns_stopped ? "Start DNS" : "Stop DNS", look: dns_stopped ? "mending" : "", key: "dns", ...because },
          ),
        ),
    ),
    acts &&
      /** @type {const} */ (["digitalocean", "cloudflare"]).map((service) =>
        h(
          "div",
          { class: "fault-row", key: service },
          h("span", { id: `fault-${service}` }, `${SERVICES[service]}'s API`),
          h(
            "span",
            { class: "actions", role: "group", "aria-labelledby": `fault-${service}` },
            FAULTS.map((fault) => {
              const same = faults.filter((one) => one.service === service && one.fault === fault);
              return button(
                same.length ? same.map(({ id }) => ({ kind: "end-fault", id })) : { kind: "add-fault", service, fault },
                { label: fault, key: fault, pressed: same.length > 0, ...silent },
              );
            }),
          ),
        ),
      ),
    faults.length > 0 &&
      h(
        "ul",
        { class: "plain faults", key: "faults", "aria-label": "Faults that are injected now" },
        faults.map(({ id, text }) =>
          h(
            "li",
            { key: id },
            h("span", { class: "chip bad" }, text),
            acts && button({ kind: "end-fault", id }, { label: "End it", look: "mending", name: `End: ${text}`, ...silent }),
          ),
        ),
      ),
    faults.length > 1 && acts && button(ends, { label: "End all", look: "mending", key: "end-all", name: "End all faults", ...silent }),
  ];
}
