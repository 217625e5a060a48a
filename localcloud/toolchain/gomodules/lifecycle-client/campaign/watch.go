package main

import (
	"context"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// watchPause is the time between the end of a stream and the next one.
const watchPause = 300 * time.Millisecond

// watch follows all keys. After the end of a stream it goes on behind what it has seen.
type watch struct {
	name   string
	prefix string
	record *recorder

	lock   sync.Mutex
	client *clientv3.Client
	// next is the revision from which the next stream must begin: the watch has seen all before it.
	next int64
	// complete is the last revision up to which a member said that the watch has everything.
	complete int64
	// interrupt ends the stream.
	interrupt context.CancelFunc
	// finish ends the watch, and done is closed then. Both are nil while it does not run.
	finish context.CancelFunc
	done   chan struct{}
}

// begin follows in the background, unless the watch does already.
func (w *watch) begin() {
	w.lock.Lock()
	defer w.lock.Unlock()
	if w.finish != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.finish, w.done = cancel, make(chan struct{})
	go w.run(ctx, w.done)
}

// end returns when the last record of the watch is written.
func (w *watch) end() {
	w.lock.Lock()
	finish, done := w.finish, w.done
	w.finish, w.done = nil, nil
	w.lock.Unlock()
	if finish != nil {
		finish()
		<-done
	}
}

// move goes on with another client.
func (w *watch) move(client *clientv3.Client) {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.client = client
	if w.interrupt != nil {
		w.interrupt()
	}
}

func (w *watch) run(ctx context.Context, done chan<- struct{}) {
	defer close(done)
	for ctx.Err() == nil {
		w.follow(ctx)
		select {
		case <-ctx.Done():
		case <-time.After(watchPause):
		}
	}
}

// follow records one stream.
func (w *watch) follow(parent context.Context) {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	w.lock.Lock()
	w.interrupt = cancel
	client, from := w.client, w.next
	w.lock.Unlock()
	w.write(observation{Operation: "watch-start", Prefix: w.prefix, Revision: from})
	options := []clientv3.OpOption{clientv3.WithPrefix(), clientv3.WithRev(from), clientv3.WithProgressNotify()}
	ended := observation{Operation: "watch-end", Reason: "the client ended it"}
	for response := range client.Watch(ctx, w.prefix, options...) {
		if len(response.Events) > 0 {
			w.events(response.Events)
		}
		if response.IsProgressNotify() {
			w.write(observation{Operation: "watch-progress", Revision: response.Header.Revision})
			w.seen(response.Header.Revision)
			w.completed(response.Header.Revision)
		}
		if err := response.Err(); err != nil {
			ended.Reason, ended.CompactRevision = err.Error(), response.CompactRevision
			w.seen(response.CompactRevision - 1)
			break
		}
	}
	w.write(ended)
}

func (w *watch) events(events []*clientv3.Event) {
	record := observation{Operation: "watch-events"}
	for _, one := range events {
		changed := event{Key: string(one.Kv.Key), ModRevision: one.Kv.ModRevision}
		if one.Type == clientv3.EventTypePut {
			value := string(one.Kv.Value)
			changed.Value = &value
		}
		record.Events = append(record.Events, changed)
	}
	w.write(record)
	w.seen(events[len(events)-1].Kv.ModRevision)
}

func (w *watch) seen(revision int64) {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.next = max(w.next, revision+1)
}

func (w *watch) write(record observation) {
	record.Client, record.Watch, record.At = watcher, w.name, now()
	w.record.write(record)
}

func (w *watch) completed(revision int64) {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.complete = max(w.complete, revision)
}

// reached says whether a member said that the watch has all changes up to a revision.
func (w *watch) reached(revision int64) bool {
	w.lock.Lock()
	defer w.lock.Unlock()
	return w.complete >= revision
}

// ask requests a notification of progress. It comes as soon as the stream has all events.
func (w *watch) ask(ctx context.Context) {
	w.lock.Lock()
	client := w.client
	w.lock.Unlock()
	// An answer that does not come is asked for again.
	_ = client.RequestProgress(ctx)
}
