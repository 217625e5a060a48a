package main

import "time"

const (
	// leaseSeconds is the time to live that a holder asks for.
	leaseSeconds = 10
	renewPause   = leaseSeconds * time.Second / 3
	// lapsePause is the time between two looks at a key whose lease lapses.
	lapsePause = time.Second
	// revokeLimit is how long a stop waits for the end of a lease. The lease ends by itself before that.
	revokeLimit = 15 * time.Second
)

// holder has one lease after the other, with keys. It renews each for a while, and then revokes it or lets it lapse.
type holder struct {
	caller
	prefix string
	// left counts leases that a stop gave up: they may live on.
	left int
}

// run goes on until a stop. Then the lease has ended, unless it is counted in left.
func (h *holder) run() {
	for !h.stopped() {
		lease, err := h.grant(leaseSeconds)
		if err == nil {
			h.hold(lease)
			h.end(lease)
		}
		h.wait(errorPause)
	}
}

func (h *holder) hold(lease int64) {
	own := h.prefix + "lease/" + h.name
	if _, err := h.put(own, lease); err == nil && h.random.IntN(3) == 0 {
		// A lease of a shared key ends with the next write, too.
		_, _ = h.put(keyOf(h.prefix, h.random.IntN(keys)), lease)
	}
	for range h.random.IntN(4) {
		h.wait(renewPause)
		if h.stopped() {
			return
		}
		if ended, _ := h.renew(lease); ended {
			return
		}
		if h.random.IntN(3) == 0 {
			_, _ = h.put(own, lease)
		}
	}
	if h.random.IntN(2) == 0 {
		h.lapse(own)
	}
}

// lapse waits until the lease has deleted its key.
func (h *holder) lapse(key string) {
	for deadline := time.Now().Add(2 * leaseSeconds * time.Second); time.Now().Before(deadline) && !h.stopped(); {
		if kvs, err := h.get(key, false); err == nil && len(kvs) == 0 {
			return
		}
		h.wait(lapsePause)
	}
}

// end revokes the lease until it has certainly ended. After a stop it gives up at some time.
func (h *holder) end(lease int64) {
	var deadline time.Time
	for !h.revoke(lease) {
		if !h.stopped() {
			h.wait(errorPause)
			continue
		}
		if deadline.IsZero() {
			deadline = time.Now().Add(revokeLimit)
		}
		if time.Now().After(deadline) {
			h.left++
			return
		}
		time.Sleep(errorPause)
	}
}
