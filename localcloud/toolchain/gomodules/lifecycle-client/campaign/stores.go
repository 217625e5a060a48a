package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// page is how many keys one answer has at most.
const page = 500

// stores is the answer to the order stores.
type stores struct {
	// WatchedUntil is the revision of the cluster at the time of the stores. All members have it.
	WatchedUntil int64                 `json:"watched_until"`
	Stores       map[string][]keyValue `json:"stores"`
	// Problems has the reason for each member that could not be read.
	Problems map[string]string `json:"problems"`
}

// stores reads what each of the members has, from that member alone. All are read at the revision of one linearizable
// read, so that calls which take effect late make no difference between them. If one did, they are read again.
func (w *workload) stores(names []string) (stores, error) {
	if w.teams != nil {
		return stores{}, errors.New("stop the clients first")
	}
	deadline := time.Now().Add(readyLimit)
	kvs, revision, err := w.readAll(deadline)
	for {
		if err != nil {
			return stores{}, fmt.Errorf("the cluster cannot be read: %w", err)
		}
		read := w.readEach(names, revision, deadline)
		var again []keyValue
		again, revision, err = w.readAll(deadline)
		if err == nil && (slices.Equal(kvs, again) || time.Now().After(deadline)) {
			return read, nil
		}
		kvs = again
	}
}

// readEach reads the members at a revision.
func (w *workload) readEach(names []string, revision int64, deadline time.Time) stores {
	read := stores{revision, map[string][]keyValue{}, map[string]string{}}
	var lock sync.Mutex
	var reading sync.WaitGroup
	for _, name := range names {
		client := w.clients[name]
		if client == nil || name == everyone {
			read.Problems[name] = "there is no such member"
			continue
		}
		reading.Go(func() {
			kvs, _, err := attempt(deadline, func() ([]keyValue, int64, error) {
				return pages(client, w.prefix, clientv3.WithSerializable(), clientv3.WithRev(revision))
			})
			lock.Lock()
			defer lock.Unlock()
			if err != nil {
				read.Problems[name] = err.Error()
			} else {
				read.Stores[name] = kvs
			}
		})
	}
	reading.Wait()
	return read
}

// readAll reads all keys in a linearizable way, and returns the revision of the cluster.
func (w *workload) readAll(deadline time.Time) ([]keyValue, int64, error) {
	return attempt(deadline, func() ([]keyValue, int64, error) { return pages(w.clients[everyone], w.prefix) })
}

// attempt tries again until a deadline. A member that lags behind says that the revision is a future one.
func attempt(deadline time.Time, read func() ([]keyValue, int64, error)) ([]keyValue, int64, error) {
	for {
		kvs, revision, err := read()
		if err == nil || time.Now().After(deadline) {
			return kvs, revision, err
		}
		time.Sleep(poll)
	}
}

// pages reads all keys with a prefix. All pages have the revision of the first.
func pages(client *clientv3.Client, prefix string, options ...clientv3.OpOption) ([]keyValue, int64, error) {
	all, revision := []keyValue{}, int64(0)
	options = append(options, clientv3.WithRange(clientv3.GetPrefixRangeEnd(prefix)), clientv3.WithLimit(page))
	for from, more := prefix, true; more; {
		ctx, cancel := context.WithTimeout(context.Background(), callLimit)
		done, err := client.Get(ctx, from, options...)
		cancel()
		if err != nil {
			return nil, 0, err
		}
		if revision == 0 {
			revision = done.Header.Revision
			options = append(options, clientv3.WithRev(revision))
		}
		all = append(all, pairs(done.Kvs)...)
		if more = done.More; more {
			from = all[len(all)-1].Key + "\x00"
		}
	}
	return all, revision, nil
}
