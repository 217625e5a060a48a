package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"

	"localcloud/lifecycle-client/bundle"
)

const (
	// workersEach is the number of workers of a member. As many use the client of all members.
	workersEach = 2
	// holders is the number of goroutines with leases.
	holders = 2
	// share is the time between two calls, for each worker that there is. All together make 40 calls a second at most.
	share = 25 * time.Millisecond
	// reconnect is the pause between two attempts to connect to a member.
	reconnect = 500 * time.Millisecond
	// readyLimit is how long the orders start and stores wait for the cluster.
	readyLimit = 60 * time.Second
	// poll is the time between two looks while an order waits.
	poll = 250 * time.Millisecond
	// seenLimit is how long the order watched waits.
	seenLimit = 30 * time.Second
	// everyone names the client of all members, and its watch.
	everyone = "all"
	// watcher is the client of all watches in the history.
	watcher = "watcher"
)

// workload is everything that uses the cluster. Only the goroutine that reads orders uses it.
type workload struct {
	files  bundle.Bundle
	record *recorder
	prefix string
	seed   uint64

	clients map[string]*clientv3.Client
	watches map[string]*watch
	holders []*holder
	// first is the revision from which all watches begin: the one after that at the first start.
	first int64
	// teams are the goroutines that make calls, by the name of their client; nil while no call is made.
	teams map[string]*team
	// starts counts the starts, as each makes other choices.
	starts int
	// workers is their number. They need it to know their pause.
	workers atomic.Int64
}

// team is a group of goroutines that stop together.
type team struct {
	stopping chan struct{}
	running  sync.WaitGroup
}

func newWorkload(
	files bundle.Bundle, record *recorder, prefix string, seed uint64, members []string,
) (*workload, error) {
	made := &workload{
		files: files, record: record, prefix: prefix + "/", seed: seed,
		clients: map[string]*clientv3.Client{}, watches: map[string]*watch{},
	}
	for _, name := range append([]string{everyone}, members...) {
		if err := made.add(name, members); err != nil {
			return nil, err
		}
	}
	return made, nil
}

func endpoints(members []string) []string {
	urls := []string{}
	for _, name := range members {
		urls = append(urls, "https://"+name+":2379")
	}
	return urls
}

// connect returns a client of some members. It does not wait for a connection.
func (w *workload) connect(members []string) (*clientv3.Client, error) {
	return clientv3.New(clientv3.Config{
		Endpoints:            endpoints(members),
		DialKeepAliveTime:    10 * time.Second,
		DialKeepAliveTimeout: 3 * time.Second,
		TLS:                  w.files.Config(),
		Logger:               zap.NewNop(),
		// One attempt: the client must know what was sent, and must not try again without a pause.
		MaxUnaryRetries: 1,
		DialOptions: []grpc.DialOption{
			grpc.WithStatsHandler(sending{}),
			grpc.WithChainUnaryInterceptor(failFast),
			grpc.WithConnectParams(grpc.ConnectParams{
				Backoff:           backoff.Config{BaseDelay: reconnect, Multiplier: 1, MaxDelay: reconnect},
				MinConnectTimeout: time.Second,
			}),
		},
	})
}

// failFast lets a call fail as soon as its member refuses connections. clientv3 would wait for the limit of the call.
func failFast(
	ctx context.Context, method string, request, reply any, to *grpc.ClientConn, invoke grpc.UnaryInvoker,
	options ...grpc.CallOption,
) error {
	return invoke(ctx, method, request, reply, to, append(options, grpc.WaitForReady(false))...)
}

// add makes the client and the watch of a member, or of all of them.
func (w *workload) add(name string, members []string) error {
	used := []string{name}
	if name == everyone {
		used = members
	}
	client, err := w.connect(used)
	if err != nil {
		return err
	}
	w.clients[name] = client
	w.workers.Store(int64(len(w.clients) * workersEach))
	if w.watches[name] != nil {
		// It is the watch of a member that was removed and comes back.
		w.watches[name].move(client)
		return nil
	}
	w.watches[name] = &watch{name: name, prefix: w.prefix, record: w.record, client: client, next: w.first}
	if w.teams != nil {
		w.watches[name].begin()
	}
	return nil
}

// start begins calls, and watches that do not follow already.
func (w *workload) start() error {
	if w.teams != nil {
		return errors.New("the clients have been started already")
	}
	if w.first == 0 {
		_, revision, err := w.readAll(time.Now().Add(readyLimit))
		if err != nil {
			return err
		}
		w.first = revision + 1
		for _, one := range w.watches {
			one.next = w.first
		}
	}
	for _, one := range w.watches {
		one.begin()
	}
	w.starts++
	w.teams = map[string]*team{}
	for name := range w.clients {
		w.work(name)
	}
	return nil
}

// work starts the goroutines of a client.
func (w *workload) work(name string) {
	begun := &team{stopping: make(chan struct{})}
	w.teams[name] = begun
	for number := range workersEach {
		one := &worker{w.caller(fmt.Sprintf("%s/%d", name, number), name, begun), w.prefix, map[string]*keyValue{}}
		begun.running.Go(func() { one.run(w.pause) })
	}
	if name != everyone {
		return
	}
	w.holders = nil
	for number := range holders {
		one := &holder{caller: w.caller(fmt.Sprintf("lease-%d", number), name, begun), prefix: w.prefix}
		w.holders = append(w.holders, one)
		begun.running.Go(one.run)
	}
}

// pause is the mean time from the begin of a worker's call to that of the next one.
func (w *workload) pause() time.Duration { return share * time.Duration(w.workers.Load()) }

func (w *workload) caller(name, client string, of *team) caller {
	return caller{
		name: name, client: w.clients[client], record: w.record, stopping: of.stopping,
		random: newRandom(w.seed, fmt.Sprintf("%s %d", name, w.starts)),
	}
}

func (t *team) stop() {
	close(t.stopping)
	t.running.Wait()
}

// setMembers adds and removes clients. The watch of a removed member goes on with the client of all members.
func (w *workload) setMembers(names []string) error {
	if len(names) == 0 {
		return errors.New("a cluster has members")
	}
	w.clients[everyone].SetEndpoints(endpoints(names)...)
	for name, client := range w.clients {
		if name == everyone || slices.Contains(names, name) {
			continue
		}
		if team := w.teams[name]; team != nil {
			team.stop()
			delete(w.teams, name)
		}
		w.watches[name].move(w.clients[everyone])
		delete(w.clients, name)
		w.workers.Store(int64(len(w.clients) * workersEach))
		// Its calls have ended, and its watch has left it.
		_ = client.Close()
	}
	for _, name := range names {
		if w.clients[name] != nil {
			continue
		}
		if err := w.add(name, names); err != nil {
			return err
		}
		if w.teams != nil {
			w.work(name)
		}
	}
	return nil
}

// stopped is the answer to the order stop.
type stopped struct {
	Calls map[string]map[string]int `json:"calls"`
	// LeasesLeft counts leases whose end is not known.
	LeasesLeft int `json:"leases_left"`
}

// stop returns when no goroutine makes calls. All records are with the operating system then.
func (w *workload) stop() stopped {
	var ending sync.WaitGroup
	for _, one := range w.teams {
		ending.Go(one.stop)
	}
	ending.Wait()
	w.teams = nil
	left := 0
	for _, one := range w.holders {
		left += one.left
	}
	return stopped{w.record.counted(), left}
}

// watched ends all watches when members say that they have seen a revision, and returns the names of those that have not.
func (w *workload) watched(revision int64) []string {
	deadline := time.Now().Add(seenLimit)
	behind := w.behind(revision)
	for ; len(behind) > 0 && time.Now().Before(deadline); behind = w.behind(revision) {
		ctx, cancel := context.WithTimeout(context.Background(), poll)
		for _, name := range behind {
			go w.watches[name].ask(ctx)
		}
		<-ctx.Done()
		cancel()
	}
	for _, one := range w.watches {
		one.end()
	}
	return behind
}

func (w *workload) behind(revision int64) []string {
	names := []string{}
	for name, one := range w.watches {
		if !one.reached(revision) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
