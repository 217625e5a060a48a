"""Changes members one at a time, and only while all others are healthy.

Invariants:

- A member without a droplet is created immediately, together with all others that have none. A droplet that exists
  depends on its gate, and a gate's input contains the id of the previous member's droplet. So droplets are replaced in
  the order of their numbers, and each only after its gate has found every other member healthy: the configured
  members, and those that the cluster itself lists.
- A gate acts in a before-hook. When the hook fails, the stash keeps its old input, and the next run calls the hook
  again. A failed after-hook would not be repeated.
- Gates have no delete hooks: with one, plain ``pulumi destroy`` refuses to run.
- The engine calls a gate's hook only when the gate's own input has changed. Drift, ``--replace`` and a run that
  resumes an interrupted one can replace a droplet without a call. So can a run that creates the gate of a droplet that
  exists, because another run ended before it did. Then the member itself blocks the shutdown
  (cloud-init/etcd_node/guard).
- A run that waits for members powers on those that are off, because an interrupted run may have shut one down. A run
  never waits for a droplet that it replaces at the same time. An all-at-once run waits only at its end.
"""
