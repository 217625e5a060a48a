// Listens to the server's events, and connects again when they end.

/** @typedef {import("./types").Page} Page */
/** @typedef {"connecting" | "live" | "lost"} Connection */

const SECTIONS = /** @type {const} */ ([
  "stack",
  "members",
  "run",
  "timeline",
  "writer",
  "cloud",
  "requests",
  "tour",
]);

const RETRY_SECONDS = 2;

/**
 * @param {(section: keyof Page, document: Page[keyof Page], first: boolean) => void} receive `first` is true for the
 *   first document of a section on this connection.
 * @param {(state: Connection) => void} connection
 */
export function listen(receive, connection) {
  /** @type {Set<string>} */
  const seen = new Set();
  const events = new EventSource("events");
  events.addEventListener("open", () => {
    seen.clear();
    connection("live");
  });
  for (const section of SECTIONS)
    events.addEventListener(section, (event) => {
      receive(section, JSON.parse(event.data), !seen.has(section));
      seen.add(section);
    });
  events.addEventListener("error", () => {
    connection("lost");
    // The browser connects again by itself, but not after an answer that is no stream.
    if (events.readyState === EventSource.CLOSED)
      setTimeout(() => listen(receive, connection), RETRY_SECONDS * 1000);
  });
}
