package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/metadata"
)

const (
	// catchUp is how long a watch may lag behind the last write before its missing events count as lost.
	catchUp = 10 * time.Second
	poll    = 20 * time.Millisecond
)

// watch follows the keys of one resource on a stream of its own, and compares its events with acknowledged writes.
type watch struct {
	client *clientv3.Client
	prefix string
	number int

	lock   sync.Mutex
	period watchFigures
	// awaited has the revisions of acknowledged writes whose events have not come yet.
	awaited map[int64]bool
	seen    map[int64]bool
	// next is the revision from which the watch must go on.
	next int64
}

// watchFigures are those since the last mark.
type watchFigures struct {
	// Lost counts acknowledged writes without an event.
	Lost int `json:"events_lost"`
	// Repeated counts events that came again.
	Repeated int `json:"events_repeated"`
	// Misordered counts events that came after a later one.
	Misordered int `json:"events_misordered"`
	// Ended counts streams that the client had to start again.
	Ended int `json:"watches_ended"`
}

func newWatch(client *clientv3.Client, prefix string, number int, next int64) *watch {
	return &watch{
		client: client, prefix: prefix, number: number, next: next,
		awaited: map[int64]bool{}, seen: map[int64]bool{},
	}
}

// run never returns. After the end of a stream it goes on behind the last revision that it saw.
func (w *watch) run() {
	for {
		w.follow()
		time.Sleep(retryPause)
	}
}

func (w *watch) follow() {
	// A kube-apiserver requires a leader as well. Other metadata makes it another stream, on another member perhaps.
	ctx, cancel := context.WithCancel(metadata.AppendToOutgoingContext(
		clientv3.WithRequireLeader(context.Background()), "watch", strconv.Itoa(w.number),
	))
	defer cancel()
	options := []clientv3.OpOption{
		clientv3.WithPrefix(), clientv3.WithRev(w.from()), clientv3.WithPrevKV(), clientv3.WithProgressNotify(),
	}
	for response := range w.client.Watch(ctx, w.prefix, options...) {
		if err := response.Err(); err != nil {
			w.end(err, response.CompactRevision)
			return
		}
		for _, event := range response.Events {
			w.event(event.Kv.ModRevision)
		}
		if response.IsProgressNotify() {
			w.progress(response.Header.Revision)
		}
	}
	if ctx.Err() == nil {
		w.end(errors.New("its channel was closed"), 0)
	}
}

// from returns the revision from which a new stream must begin.
func (w *watch) from() int64 {
	w.lock.Lock()
	defer w.lock.Unlock()
	return w.next
}

func (w *watch) event(revision int64) {
	w.lock.Lock()
	defer w.lock.Unlock()
	switch {
	case w.seen[revision]:
		w.period.Repeated++
	case revision < w.next:
		w.period.Misordered++
	}
	w.seen[revision] = true
	delete(w.awaited, revision)
	w.next = max(w.next, revision+1)
}

// progress records that no event up to this revision is missing, as the member says.
func (w *watch) progress(revision int64) {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.next = max(w.next, revision+1)
}

// end records the end of a stream. “compacted“ is the first revision that the cluster still has, or 0.
func (w *watch) end(err error, compacted int64) {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.period.Ended++
	w.next = max(w.next, compacted)
	fmt.Fprintln(os.Stderr, "a watch ended:", err)
}

// add adds the figures of another watch.
func (f *watchFigures) add(other watchFigures) {
	f.Lost += other.Lost
	f.Repeated += other.Repeated
	f.Misordered += other.Misordered
	f.Ended += other.Ended
}

// await records an acknowledged write, whose event must come.
func (w *watch) await(revision int64) {
	w.lock.Lock()
	defer w.lock.Unlock()
	if !w.seen[revision] {
		w.awaited[revision] = true
	}
}

func (w *watch) mark() {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.period = watchFigures{}
}

// report waits for the events of all writes so far.
func (w *watch) report() watchFigures {
	due := w.owed()
	for deadline := time.Now().Add(catchUp); len(w.missing(due)) > 0 && time.Now().Before(deadline); {
		time.Sleep(poll)
	}
	lost := w.missing(due)
	w.lock.Lock()
	defer w.lock.Unlock()
	for _, revision := range lost {
		delete(w.awaited, revision)
	}
	w.period.Lost += len(lost)
	return w.period
}

// owed returns the revisions whose events have not come yet.
func (w *watch) owed() []int64 {
	w.lock.Lock()
	defer w.lock.Unlock()
	due := []int64{}
	for revision := range w.awaited {
		due = append(due, revision)
	}
	return due
}

// missing returns those of the revisions that have no event yet.
func (w *watch) missing(due []int64) []int64 {
	w.lock.Lock()
	defer w.lock.Unlock()
	without := []int64{}
	for _, revision := range due {
		if !w.seen[revision] {
			without = append(without, revision)
		}
	}
	return without
}
