package main

import (
	"encoding/json"
	"os"
	"strconv"
	"sync"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"golang.org/x/sys/unix"
)

// call is a record of any call. Fields that an operation does not have are empty, and left out.
type call struct {
	Client    string `json:"client"`
	Call      int64  `json:"call"`
	Begin     int64  `json:"begin"`
	End       *int64 `json:"end,omitempty"`
	Outcome   string `json:"outcome"`
	Operation string `json:"operation"`

	Key                 string  `json:"key,omitempty"`
	Prefix              string  `json:"prefix,omitempty"`
	Value               string  `json:"value,omitempty"`
	Lease               int64   `json:"lease,omitempty"`
	TTL                 int64   `json:"ttl,omitempty"`
	Serializable        *bool   `json:"serializable,omitempty"`
	ExpectedValue       *string `json:"expected_value,omitempty"`
	ExpectedModRevision *int64  `json:"expected_mod_revision,omitempty"`

	Answer any `json:"answer,omitempty"`
}

// observation is a record without a call: of a watch, or of the end of a lease.
type observation struct {
	Client    string `json:"client"`
	At        int64  `json:"at"`
	Operation string `json:"operation"`

	Lease           int64   `json:"lease,omitempty"`
	Watch           string  `json:"watch,omitempty"`
	Prefix          string  `json:"prefix,omitempty"`
	Revision        int64   `json:"revision,omitempty"`
	Events          []event `json:"events,omitempty"`
	Reason          string  `json:"reason,omitempty"`
	CompactRevision int64   `json:"compact_revision,omitempty"`
}

// event has no value if the key was deleted.
type event struct {
	Key         string  `json:"key"`
	Value       *string `json:"value"`
	ModRevision int64   `json:"mod_revision"`
}

type keyValue struct {
	Key         string `json:"key"`
	Value       string `json:"value"`
	ModRevision int64  `json:"mod_revision"`
}

type written struct {
	Revision int64  `json:"revision"`
	Member   string `json:"member"`
}

type found struct {
	Revision int64      `json:"revision"`
	Found    []keyValue `json:"found"`
	Member   string     `json:"member"`
}

type swapped struct {
	Revision  int64      `json:"revision"`
	Succeeded bool       `json:"succeeded"`
	Found     []keyValue `json:"found"`
	Member    string     `json:"member"`
}

type deleted struct {
	Revision int64  `json:"revision"`
	Deleted  int64  `json:"deleted"`
	Member   string `json:"member"`
}

type granted struct {
	Lease int64 `json:"lease"`
	TTL   int64 `json:"ttl"`
}

type renewed struct {
	TTL int64 `json:"ttl"`
}

type revoked struct {
	Revision int64 `json:"revision"`
}

// pairs never returns nil: an empty answer is not the lack of one.
func pairs(kvs []*mvccpb.KeyValue) []keyValue {
	all := []keyValue{}
	for _, one := range kvs {
		all = append(all, keyValue{string(one.Key), string(one.Value), one.ModRevision})
	}
	return all
}

func memberOf(header *etcdserverpb.ResponseHeader) string {
	return strconv.FormatUint(header.MemberId, 16)
}

// recorder writes the history. A record is with the operating system before the call is sent.
type recorder struct {
	lock   sync.Mutex
	file   *os.File
	calls  int64
	counts map[string]map[string]int
}

func newRecorder(path string) (*recorder, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	return &recorder{file: file, counts: map[string]map[string]int{}}, nil
}

// number returns that of the next call.
func (r *recorder) number() int64 {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.calls++
	return r.calls
}

func (r *recorder) write(record any) {
	text, err := json.Marshal(record)
	if err != nil {
		panic(err)
	}
	r.lock.Lock()
	defer r.lock.Unlock()
	if _, err := r.file.Write(append(text, '\n')); err != nil {
		// Without its history a run proves nothing.
		fail(err)
	}
}

func (r *recorder) count(operation, outcome string) {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.counts[operation] == nil {
		r.counts[operation] = map[string]int{}
	}
	r.counts[operation][outcome]++
}

// counted returns how many calls each operation had, by outcome.
func (r *recorder) counted() map[string]map[string]int {
	r.lock.Lock()
	defer r.lock.Unlock()
	copied := map[string]map[string]int{}
	for operation, outcomes := range r.counts {
		copied[operation] = map[string]int{}
		for outcome, number := range outcomes {
			copied[operation][outcome] = number
		}
	}
	return copied
}

// now returns the nanoseconds of the monotonic clock, which is the same in all processes.
func now() int64 {
	var time unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &time); err != nil {
		panic(err)
	}
	return time.Nano()
}
