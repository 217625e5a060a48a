// The members, each as a card.

/** @typedef {import("./types").Member} Member */
/** @typedef {import("./types").MemberAction} MemberAction */
/** @typedef {import("./types").Certificate} Certificate */
/** @typedef {import("./description").Description} Description */
/** @typedef {import("./description").Child} Child */
import { button } from "./actions.js";
import { h } from "./tree.js";
import { bytes, duration, none, short, unknown, whole } from "./words.js";

/** Days before its end from which a certificate is shown as ending soon: the alert has the same limit. */
const SOON_DAYS = 14;
const SOON_SHARE = 0.8;

/** @type {{[power in Exclude<Member["power"], null>]: string}} */
const POWER = { active: "on", off: "off", new: "being created", paused: "paused", absent: "no droplet" };

/** @type {{[role in Exclude<Member["role"], null>]: string}} */
const ROLE = {
  leader: "leader",
  follower: "follower",
  learner: "learner",
  blank: "no etcd yet",
  waiting: "waiting",
  stopped: "stopped",
};

/** @type {{[purpose in Certificate["purpose"]]: string}} */
const PURPOSE = { server: "server", peer: "peer", client: "client", ca: "authority" };

/**
 * @param {ReadonlyArray<Member> | null} members
 * @param {boolean} acts Whether the page may act on them now.
 * @param {number} now
 * @returns {Child}
 */
export function membersView(members, acts, now) {
  if (members === null)
    return h("p", { class: "card" }, "The members are ", unknown(), ": nothing that this machine asked has told them.");
  if (members.length === 0) return h("p", { class: "card" }, "The stack has no members.");
  return members.map((member) => card(member, acts, now));
}

/** @param {Member} member @param {boolean} acts @param {number} now */
function card(member, acts, now) {
  const id = `member-${member.number}`;
  const name = short(member.name);
  return h(
    "article",
    { class: "card member", key: member.name, id, "data-health": health(member), "aria-labelledby": `${id}-name` },
    h(
      "header",
      {},
      h("h3", { id: `${id}-name` }, name, h("span", { class: "domain" }, member.name.slice(name.length))),
      member.role === null && gone(member)
        ? h("span", { class: "role" }, "role none")
        : member.role === null
          ? h("span", { class: "role" }, "role ", unknown())
          : h("span", { class: "role", "data-role": member.role }, ROLE[member.role]),
    ),
    state(member),
    facts(member, now),
    acts && actions(member),
  );
}

/** Without a droplet there is nothing that could have an address or run. @param {Member} member */
const gone = ({ power }) => power === "absent";

/** @param {Member} member */
const health = ({ healthy }) => (healthy === null ? "unknown" : healthy ? "healthy" : "unhealthy");

/** @param {Member} member */
function state(member) {
  const words = { healthy: "Healthy", unhealthy: "Not healthy", unknown: "Health" };
  return h(
    "div",
    { class: "state" },
    h(
      "p",
      { class: "health" },
      words[health(member)],
      member.healthy === null && [" ", unknown()],
      member.problem && h("span", { class: "why" }, ": ", whole(member.problem)),
    ),
    member.waiting_for && h("p", { class: "waiting" }, `“${member.waiting_for}”`),
  );
}

/** @param {Member} member @param {number} now */
function facts(member, now) {
  return h(
    "dl",
    { class: "facts" },
    fact("Droplet", droplet(member)),
    fact("Public", text(member.public_address, member)),
    fact("Private", text(member.private_address, member)),
    fact("DNS", record(member)),
    fact("etcd", text(member.version, member)),
    fact("Database", database(member)),
    fact("Certificates", certificates(member.certificates, now)),
    fact("Shutdown", shutdown(member)),
  );
}

/** @param {string} name @param {Child} value */
const fact = (name, value) => h("div", { key: name }, h("dt", {}, name), h("dd", {}, value));

/** @param {string | null} value @param {Member} member */
const text = (value, member) =>
  value ? h("span", { class: "code" }, value) : value === "" || gone(member) ? none() : unknown();

/** @param {Member} member @returns {Child} */
function droplet({ power, droplet_id, cut_off }) {
  return [
    power === null ? unknown() : h("span", { class: "power", "data-power": power }, POWER[power]),
    droplet_id !== null && h("span", { class: "soft" }, ` #${droplet_id}`),
    cut_off && [" ", h("span", { class: "chip bad" }, "cut off")],
  ];
}

/** @param {Member} member @returns {Child} */
function record(member) {
  const { record: answered, public_address, private_address } = member;
  if (answered === null) return unknown();
  if (!answered) return h("span", { class: "chip bad" }, "no record");
  if (gone(member))
    return [h("span", { class: "code" }, answered), " ", h("span", { class: "chip warn" }, "no droplet has this address")];
  const known = [public_address, private_address].filter((address) => address);
  if (!known.length) return h("span", { class: "code" }, answered);
  return known.includes(answered)
    ? [h("span", { class: "code" }, answered), h("span", { class: "good-mark" }, " as the droplet")]
    : [h("span", { class: "code" }, answered), " ", h("span", { class: "chip warn" }, "not the droplet's address")];
}

/** @param {Member} member @returns {Child} */
function database({ database_bytes: used, quota_bytes: quota }) {
  if (used === null) return quota === null ? unknown() : [unknown(), `, quota ${bytes(quota)}`];
  if (quota === null) return [bytes(used), " of ", unknown()];
  const share = quota ? Math.min(1, used / quota) : 1;
  return [
    h("span", { key: "text" }, `${bytes(used)} of ${bytes(quota)}`),
    h(
      "div",
      {
        class: "bar",
        key: "bar",
        role: "meter",
        "aria-label": "Database size against the quota",
        "aria-valuemin": 0,
        "aria-valuemax": 100,
        "aria-valuenow": Math.round(share * 100),
        "aria-valuetext": `${bytes(used)} of ${bytes(quota)}`,
        "data-level": share >= SOON_SHARE ? "warn" : "good",
      },
      h("div", { "--share": share.toFixed(3) }),
    ),
  ];
}

/** @param {Member["certificates"]} found @param {number} now @returns {Child} */
function certificates(found, now) {
  if (found === null) return unknown();
  if (found.length === 0) return none();
  const inOrder = [...found].sort((one, other) => one.ends - other.ends);
  return h(
    "ul",
    { class: "certificates" },
    inOrder.map(({ purpose, ends }) => {
      const left = ends - now;
      const level = left <= 0 ? "bad" : left < SOON_DAYS * 86400 ? "warn" : null;
      const words = left <= 0 ? `ended ${duration(-left)} ago` : `in ${duration(left)}`;
      const when = new Date(ends * 1000).toISOString().slice(0, 10);
      return h(
        "li",
        { key: `${purpose}-${ends}`, title: `ends on ${when}` },
        h("span", { class: "soft" }, `${PURPOSE[purpose]} `),
        h("span", { class: level && `chip ${level}` }, words),
      );
    }),
  );
}

/** @param {Member} member @returns {Child} */
function shutdown(member) {
  const { shutdown: block } = member;
  if (block === null) return gone(member) ? none() : unknown();
  return [
    h("span", { class: block.blocked ? "chip warn" : "chip" }, block.blocked ? "blocked" : "allowed"),
    block.reason && h("span", { class: "soft" }, " ", whole(block.reason)),
  ];
}

/**
 * Only what can work: nothing runs in a machine that is off, and one that is paused answers nothing.
 *
 * @param {Member} member
 */
function actions({ name, power, cut_off }) {
  if (power === null || power === "absent" || power === "new") return null;
  const act = (/** @type {MemberAction["kind"]} */ kind, /** @type {string} */ look = "") =>
    button({ kind, member: name }, { look });
  return h(
    "div",
    { class: "actions", role: "group", "aria-label": `Actions on ${short(name)}` },
    power === "off" ? act("power-on", "mending") : act("power-off"),
    power === "paused" && act("resume", "mending"),
    power === "active" && act("pause"),
    cut_off ? act("reconnect", "mending") : power !== "off" && act("cut-off"),
    power === "active" && act("wipe"),
    act("destroy"),
  );
}
