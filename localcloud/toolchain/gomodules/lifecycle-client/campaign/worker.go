package main

import (
	"fmt"
	"time"
)

// keys is how many keys all workers share, so that they change each other's.
const keys = 8

// leastPause is that after a slow call.
const leastPause = 20 * time.Millisecond

// worker reads and writes keys by chance.
type worker struct {
	caller
	prefix string
	// known has what the worker last had of each key; nil if the key did not exist then.
	known map[string]*keyValue
}

func keyOf(prefix string, number int) string { return fmt.Sprintf("%skey/%d", prefix, number) }

// run makes calls until a stop.
func (w *worker) run(pause func() time.Duration) {
	w.wait(pause())
	for !w.stopped() {
		begun := time.Now()
		w.step()
		w.wait(max(pause()-time.Since(begun), leastPause))
	}
}

func (w *worker) step() {
	key := keyOf(w.prefix, w.random.IntN(keys))
	switch chance := w.random.IntN(100); {
	case chance < 25:
		wrote, err := w.put(key, 0)
		w.learn(key, []keyValue{wrote}, err)
	case chance < 50:
		kvs, err := w.get(key, chance < 35)
		w.learn(key, kvs, err)
	case chance < 65:
		kvs, err := w.list(w.prefix, chance < 57)
		for number := range keys {
			one := keyOf(w.prefix, number)
			w.learn(one, only(kvs, one), err)
		}
	case chance < 90:
		kvs, err := w.swap(w.comparison(key))
		w.learn(key, kvs, err)
	default:
		w.learn(key, nil, w.remove(key))
	}
}

// comparison returns a transaction that expects what the worker knows. It often succeeds.
func (w *worker) comparison(key string) call {
	asked := call{Operation: "txn", Key: key}
	revision := int64(0)
	if one := w.known[key]; one != nil {
		if w.random.IntN(2) == 0 {
			asked.ExpectedValue = &one.Value
			return asked
		}
		revision = one.ModRevision
	}
	asked.ExpectedModRevision = &revision
	return asked
}

// learn keeps what a call told about a key. After an error the worker knows what it knew before.
func (w *worker) learn(key string, kvs []keyValue, err error) {
	switch {
	case err != nil:
	case len(kvs) == 0:
		w.known[key] = nil
	default:
		w.known[key] = &kvs[0]
	}
}

// only returns those of the pairs that have the key.
func only(kvs []keyValue, key string) []keyValue {
	for index := range kvs {
		if kvs[index].Key == key {
			return kvs[index : index+1]
		}
	}
	return nil
}
