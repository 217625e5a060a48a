// Listens to the server's events, and connects again when they end or stay away.

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
 * Seconds without an event after which the server counts as lost. It sends one every 15 seconds at least, and a process
 * that stands still, or a tunnel whose other end is gone, keeps its connections open.
 */
const SILENCE_SECONDS = 40;

/**
 * @typedef {object} Listener
 * @property {(section: keyof Page, document: Page[keyof Page], first: boolean) => void} receive `first` is true for the
 *   first document of a section on this connection.
 * @property {(time: number) => void} alive Gets the server's time.
 * @property {(state: Connection) => void} connection It is live from the first document on.
 */

/** @param {Listener} listener */
export function listen({ receive, alive, connection }) {
  /** @type {Set<string>} */
  const seen = new Set();
  const events = new EventSource("events");
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let silence;
  const again = () => listen({ receive, alive, connection });
  const wait = () => {
    clearTimeout(silence);
    silence = setTimeout(() => {
      events.close();
      connection("lost");
      again();
    }, SILENCE_SECONDS * 1000);
  };
  wait();
  events.addEventListener("open", () => {
    seen.clear();
    wait();
  });
  events.addEventListener("alive", (event) => {
    alive(JSON.parse(event.data));
    wait();
  });
  for (const section of SECTIONS)
    events.addEventListener(section, (event) => {
      connection("live");
      receive(section, JSON.parse(event.data), !seen.has(section));
      seen.add(section);
      wait();
    });
  events.addEventListener("error", () => {
    connection("lost");
    // The browser connects again by itself, but not after an answer that is no stream.
    if (events.readyState !== EventSource.CLOSED) return;
    clearTimeout(silence);
    setTimeout(again, RETRY_SECONDS * 1000);
  });
}
