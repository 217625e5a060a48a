package main

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"golang.org/x/sys/unix"
)

// slow is the length in seconds from which a report has a wait or a stall.
const slow = 0.2

// span is a time between two moments of the clock that all processes share, in seconds.
type span [2]float64

// figures are those since the last mark.
type figures struct {
	Acknowledged int `json:"acknowledged"`
	// Failed counts attempts to write without an acknowledgement.
	Failed int `json:"failed"`
	// TimedOut counts those that etcd lost on the way to its leader. A member says so after 7 s: "request timed out".
	TimedOut int `json:"timed_out"`
	// Stalls are long times without an acknowledgement.
	Stalls []span `json:"stalls"`
	// Waits are slow writes, each from its first attempt to its acknowledgement, without those that timed out.
	Waits         []span `json:"waits"`
	LeasesExpired int    `json:"leases_expired"`
	watchFigures
}

// ledger records what all writers and leases observe.
type ledger struct {
	lock   sync.Mutex
	period figures
	// last is when the last write was acknowledged.
	last float64
	// writing has the writes that are under way.
	writing map[*attempt]bool
}

// attempt is one write with all its attempts.
type attempt struct {
	began    float64
	timedOut bool
}

func newLedger() *ledger {
	begun := &ledger{writing: map[*attempt]bool{}}
	begun.mark()
	return begun
}

func (l *ledger) mark() {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.period, l.last = figures{Stalls: []span{}, Waits: []span{}}, now()
	for one := range l.writing {
		one.began = l.last
	}
}

// report counts what still lasts.
func (l *ledger) report() figures {
	l.lock.Lock()
	defer l.lock.Unlock()
	reported := l.period
	reported.Stalls = longer(reported.Stalls, l.last)
	for one := range l.writing {
		if !one.timedOut {
			reported.Waits = longer(reported.Waits, one.began)
		}
	}
	return reported
}

func (l *ledger) begin() *attempt {
	l.lock.Lock()
	defer l.lock.Unlock()
	one := &attempt{began: now()}
	l.writing[one] = true
	return one
}

func (l *ledger) acknowledge(one *attempt) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.period.Acknowledged++
	l.period.Stalls, l.last = longer(l.period.Stalls, l.last), now()
	if !one.timedOut {
		l.period.Waits = longer(l.period.Waits, one.began)
	}
	delete(l.writing, one)
}

func (l *ledger) fail(one *attempt, err error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.period.Failed++
	if errors.Is(err, rpctypes.ErrTimeout) || errors.Is(err, rpctypes.ErrTimeoutDueToLeaderFail) {
		l.period.TimedOut++
		one.timedOut = true
	}
	fmt.Fprintf(os.Stderr, "a write failed %.1f s after it began: %v\n", now()-one.began, err)
}

func (l *ledger) leaseExpired() {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.period.LeasesExpired++
}

// longer returns the spans, and the one from begin until now if that was slow.
func longer(spans []span, begin float64) []span {
	if end := now(); end-begin > slow {
		return append(spans[:len(spans):len(spans)], span{begin, end})
	}
	return spans
}

// now returns the seconds of the monotonic clock, which is the same in all processes.
func now() float64 {
	var time unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &time); err != nil {
		panic(err)
	}
	return float64(time.Nano()) / 1e9
}
