package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"

	"localcloud/lifecycle-client/bundle"
)

const (
	// writersEach is the number of writers of a resource.
	writersEach = 2
	// pause is the time between two writes of one writer: all together write some twelve a second.
	pause = 500 * time.Millisecond
	// keys is how many keys a writer has.
	keys = 100
	// retryPause is the time between two attempts to write, to watch or to get a lease.
	retryPause = 20 * time.Millisecond
	// reconnect is the pause between two attempts to connect to a member.
	reconnect = 300 * time.Millisecond
	// requestLimit is how long a kube-apiserver waits for one request.
	requestLimit = 60 * time.Second
	// watchesEach is the number of watches of a resource, each on a stream of its own.
	watchesEach = 3
	// leaseSeconds is the time to live of a lease. The client renews it three times as often. It is longer than the 7 s
	// that a member tries to pass a renewal on to the leader (LeaseRenew in etcd's server/etcdserver/v3_server.go):
	// meanwhile the stream of this client renews nothing.
	leaseSeconds = 10
)

// resource is one client with its own connections to all members, as a kube-apiserver has for each resource.
type resource struct {
	client *clientv3.Client
	prefix string
	// number counts the resources from 0.
	number  int
	ledger  *ledger
	watches []*watch
	// leased is whether there is a lease now.
	leased atomic.Bool
	// writes counts those that were acknowledged.
	writes atomic.Int64
}

// newResource connects, and waits until a member answers.
func newResource(files bundle.Bundle, prefix string, number int, members []string, ledger *ledger) (*resource, error) {
	// The timeouts of k8s.io/apiserver/pkg/storage/storagebackend/factory/etcd3.go.
	client, err := clientv3.New(clientv3.Config{
		Endpoints:            endpoints(members),
		DialTimeout:          20 * time.Second,
		DialKeepAliveTime:    30 * time.Second,
		DialKeepAliveTimeout: 10 * time.Second,
		TLS:                  files.Config(),
		Logger:               zap.NewNop(),
		// Members are replaced in seconds here. After gRPC's usual pauses of seconds, the client would have no connection
		// when the last of three members stops.
		DialOptions: []grpc.DialOption{grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: reconnect, Multiplier: 1, MaxDelay: reconnect},
			MinConnectTimeout: time.Second,
		})},
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), requestLimit)
	defer cancel()
	current, err := client.Get(ctx, prefix)
	if err != nil {
		return nil, err
	}
	watches := []*watch{}
	for number := range watchesEach {
		watches = append(watches, newWatch(client, prefix, number, current.Header.Revision+1))
	}
	return &resource{client: client, prefix: prefix, number: number, ledger: ledger, watches: watches}, nil
}

// start writes, watches and keeps a lease in the background.
func (r *resource) start() {
	for _, one := range r.watches {
		go one.run()
	}
	for writer := range writersEach {
		go r.write(writer)
	}
	go r.keepLease()
}

// ready waits until a new write is acknowledged, each watch has its event, and there is a lease.
func (r *resource) ready(deadline time.Time) bool {
	for before := r.writes.Load(); time.Now().Before(deadline); time.Sleep(poll) {
		owed := 0
		for _, one := range r.watches {
			owed += len(one.owed())
		}
		if r.writes.Load() > before && owed == 0 && r.leased.Load() {
			return true
		}
	}
	return false
}

// mark begins a new period.
func (r *resource) mark() {
	for _, one := range r.watches {
		one.mark()
	}
}

// report returns the figures of the watches in the period so far.
func (r *resource) report() watchFigures {
	total := watchFigures{}
	for _, one := range r.watches {
		total.add(one.report())
	}
	return total
}

// endpoints returns the client URLs of members.
func endpoints(members []string) []string {
	urls := []string{}
	for _, name := range members {
		urls = append(urls, "https://"+name+":2379")
	}
	return urls
}

// write writes numbers, each until it is acknowledged, and overwrites keys as a kube-apiserver does.
func (r *resource) write(writer int) {
	for number := 0; ; number++ {
		time.Sleep(r.untilTurn(writer))
		key := fmt.Sprintf("%s%d/%d", r.prefix, writer, number%keys)
		one := r.ledger.begin()
		for {
			ctx, cancel := context.WithTimeout(context.Background(), requestLimit)
			done, err := r.client.Put(ctx, key, strconv.Itoa(number))
			cancel()
			if err == nil {
				r.acknowledged(one, done.Header.Revision)
				break
			}
			r.ledger.fail(one, err)
			time.Sleep(retryPause)
		}
	}
}

// untilTurn returns the time until a writer's next write. Writers that waited for the same election take turns again.
func (r *resource) untilTurn(writer int) time.Duration {
	turn := pause * time.Duration(r.number*writersEach+writer) / (resources * writersEach)
	return pause - (time.Duration(now()*float64(time.Second))-turn)%pause
}

func (r *resource) acknowledged(one *attempt, revision int64) {
	r.ledger.acknowledge(one)
	r.writes.Add(1)
	for _, watch := range r.watches {
		watch.await(revision)
	}
}

// keepLease keeps a lease alive. When it ends, it gets another one.
func (r *resource) keepLease() {
	for {
		lease, err := r.client.Grant(context.Background(), leaseSeconds)
		if err == nil {
			granted := now()
			renewed := r.renew(lease.ID)
			r.ledger.leaseExpired()
			fmt.Fprintf(os.Stderr, "a lease of %.1f, last renewed at %.1f, expired at %.1f: %s\n",
				granted, renewed, now(), r.left(lease.ID))
		}
		time.Sleep(retryPause)
	}
}

// renew keeps a lease alive until it ends, and returns when it was last renewed.
func (r *resource) renew(id clientv3.LeaseID) float64 {
	renewed := now()
	renewals, err := r.client.KeepAlive(context.Background(), id)
	if err != nil {
		return renewed
	}
	r.leased.Store(true)
	defer r.leased.Store(false)
	for range renewals {
		renewed = now()
	}
	return renewed
}

// left tells what the cluster says of a lease that the client does not renew any more. The client gives a lease up by
// itself if no answer comes for its time to live.
func (r *resource) left(id clientv3.LeaseID) string {
	ctx, cancel := context.WithTimeout(context.Background(), requestLimit)
	defer cancel()
	found, err := r.client.TimeToLive(ctx, id)
	if err != nil {
		return fmt.Sprintf("the cluster does not tell what it has left: %v", err)
	}
	return fmt.Sprintf("the cluster says it has %d s left (-1: there is no such lease)", found.TTL)
}
