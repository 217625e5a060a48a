// Made by `python -m console.view.typescript` from console/view. Do not change it by hand.

/** A backup in the bucket. */
export interface Backup {
  readonly name: string;
  readonly taken: number;
  readonly size_bytes: number | null;
  readonly member: string;
}

/** One certificate of a member. */
export interface Certificate {
  readonly purpose: "server" | "peer" | "client" | "ca";
  readonly ends: number;
}

/** What the cloud has. */
export interface Cloud {
  readonly reach: ReadonlyArray<Reach> | null;
  readonly reach_problem: string;
  readonly volumes: ReadonlyArray<Volume> | null;
  readonly volumes_problem: string;
  readonly tags: ReadonlyArray<string> | null;
  readonly tags_problem: string;
  readonly records: ReadonlyArray<Record> | null;
  readonly records_problem: string;
  readonly backups: ReadonlyArray<Backup> | null;
  readonly backups_problem: string;
  readonly faults: ReadonlyArray<Fault>;
  readonly dns_stopped: boolean;
}

/** The name server stops or starts to answer. */
export interface DnsAction {
  readonly kind: "stop-dns" | "start-dns";
  readonly confirmed?: boolean;
}

/** A fault that is injected now. */
export interface Fault {
  readonly id: number;
  readonly text: string;
  readonly service: string;
  readonly fault: "down" | "slow" | "errors" | null;
}

/** A fault of an API of the cloud, or its end. */
export interface FaultAction {
  readonly kind: "add-fault";
  readonly service: "digitalocean" | "cloudflare";
  readonly fault: "down" | "slow" | "errors";
  readonly confirmed?: boolean;
}

/** The end of a fault. */
export interface FaultEnd {
  readonly kind: "end-fault";
  readonly id: number;
}

/** A time in which a member led. */
export interface LeaderSpan {
  readonly member: string;
  readonly began: number;
  readonly ended: number | null;
}

/** Something that a run said. */
export interface Line {
  readonly time: number;
  readonly severity: "info" | "warning" | "error";
  readonly text: string;
}

/** One member. */
export interface Member {
  readonly name: string;
  readonly number: number;
  readonly droplet_id: number | null;
  readonly power: "active" | "off" | "new" | "paused" | "absent" | null;
  readonly public_address: string | null;
  readonly private_address: string | null;
  readonly record: string | null;
  readonly role: "leader" | "follower" | "learner" | "blank" | "waiting" | "stopped" | null;
  readonly waiting_for: string | null;
  readonly healthy: boolean | null;
  readonly problem: string;
  readonly version: string | null;
  readonly database_bytes: number | null;
  readonly quota_bytes: number | null;
  readonly certificates: ReadonlyArray<Certificate> | null;
  readonly shutdown: ShutdownBlock | null;
  readonly cut_off: boolean | null;
}

/** Something done to one member's droplet. */
export interface MemberAction {
  readonly kind: "power-off" | "power-on" | "pause" | "resume" | "cut-off" | "reconnect" | "wipe" | "destroy";
  readonly member: string;
  readonly confirmed?: boolean;
}

/** Every section. ``GET /events`` sends each as a server-sent event of its name, first all of them, then changes.

``requests`` is different: after the first, its events have the new requests alone. */
export interface Page {
  readonly stack: Stack;
  readonly members: ReadonlyArray<Member> | null;
  readonly run: Run | null;
  readonly timeline: Timeline;
  readonly writer: Writer | null;
  readonly cloud: Cloud;
  readonly requests: ReadonlyArray<Request> | null;
  readonly tour: Tour | null;
}

/** One rule of the firewall: who may reach what. */
export interface Reach {
  readonly source: string;
  readonly ports: string;
  readonly protocol: string;
  readonly purpose: string;
}

/** A DNS record. */
export interface Record {
  readonly name: string;
  readonly address: string;
  readonly answered: boolean | null;
}

/** One request to an API of the cloud. */
export interface Request {
  readonly number: number;
  readonly time: number;
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly status: number | null;
  readonly who: string;
}

/** One run. */
export interface Run {
  readonly id: string;
  readonly command: "up" | "destroy" | "refresh" | "preview" | "import" | "other";
  readonly began: number;
  readonly ended: number | null;
  readonly outcome: "running" | "succeeded" | "refused" | "failed" | "interrupted";
  readonly reason: string;
  readonly steps: ReadonlyArray<Step>;
  readonly waiting_for: string | null;
  readonly waiting_since: number | null;
  readonly lines: ReadonlyArray<Line>;
  readonly told?: boolean;
}

/** A run of Pulumi. */
export interface RunSpan {
  readonly id: string;
  readonly command: string;
  readonly began: number;
  readonly ended: number | null;
  readonly outcome: string;
}

/** Whether a member blocks its shutdown now. */
export interface ShutdownBlock {
  readonly blocked: boolean;
  readonly reason: string;
}

/** A time in which a member was down. */
export interface Span {
  readonly member: string;
  readonly began: number;
  readonly ended: number | null;
  readonly cause: "run" | "outside";
}

/** The stack, and what the page may do with it. */
export interface Stack {
  readonly project: string;
  readonly stack: string;
  readonly region: string | null;
  readonly local: boolean;
  readonly cloud: string;
  readonly problem: string;
}

/** What a run does to one member. */
export interface Step {
  readonly member: string;
  readonly gate: "asked" | "open" | "refused" | "none";
  readonly droplet: "unchanged" | "waiting" | "shutting down" | "deleting" | "creating" | "joining" | "done";
}

/** The last minutes, at most an hour, from when the console watches. */
export interface Timeline {
  readonly began: number;
  readonly members: ReadonlyArray<string>;
  readonly runs: ReadonlyArray<RunSpan>;
  readonly up: ReadonlyArray<UpSpan>;
  readonly down: ReadonlyArray<Span>;
  readonly leaders: ReadonlyArray<LeaderSpan>;
  readonly writes: ReadonlyArray<Writes>;
  readonly most_down: number;
}

/** All steps, in order. */
export interface Tour {
  readonly steps: ReadonlyArray<TourStep>;
  readonly quota_bytes?: number | null;
}

/** One step, and when it was seen to have happened. */
export interface TourStep {
  readonly name: "writer" | "change" | "refused" | "healed" | "repaired";
  readonly done: number | null;
  readonly seen: string;
}

/** A time in which a member was seen to be healthy. */
export interface UpSpan {
  readonly member: string;
  readonly began: number;
  readonly ended: number | null;
}

/** A volume. */
export interface Volume {
  readonly name: string;
  readonly size_gib: number;
  readonly member: string;
}

/** The writer that the page starts and stops. */
export interface Writer {
  readonly running: boolean;
  readonly per_second: number;
  readonly acknowledged: number;
  readonly failed: number;
  readonly longest_stall: number;
  readonly problem: string;
}

/** The writer starts or stops. */
export interface WriterAction {
  readonly kind: "start-writer" | "stop-writer";
}

/** The writes of one second. */
export interface Writes {
  readonly second: number;
  readonly acknowledged: number;
  readonly failed: number;
}

export type Action = MemberAction | FaultAction | FaultEnd | DnsAction | WriterAction;
