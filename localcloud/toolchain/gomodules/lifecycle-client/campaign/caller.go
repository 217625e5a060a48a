package main

import (
	"context"
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

const (
	// callLimit is how long a call may take.
	callLimit = 3 * time.Second
	// errorPause is the least pause of a goroutine after an error.
	errorPause = 500 * time.Millisecond
)

// caller makes calls, one after the other, and records them.
type caller struct {
	name   string
	client *clientv3.Client
	record *recorder
	random *rand.Rand
	// stopping is closed when no further call may begin.
	stopping <-chan struct{}
	failed   bool
}

// newRandom returns the choices of one goroutine.
func newRandom(seed uint64, name string) *rand.Rand {
	hash := fnv.New64a()
	hash.Write([]byte(name))
	return rand.New(rand.NewPCG(seed, hash.Sum64()))
}

func (c *caller) stopped() bool {
	select {
	case <-c.stopping:
		return true
	default:
		return false
	}
}

// wait sleeps, longer after an error. A stop ends it.
func (c *caller) wait(pause time.Duration) {
	if c.failed {
		pause = max(pause, errorPause)
	}
	// Those that wait for the same member must not go on at the same time.
	pause = pause/2 + time.Duration(c.random.Int64N(int64(pause)))
	select {
	case <-c.stopping:
	case <-time.After(pause):
	}
}

// perform records a call before it is sent, and again with its outcome.
func (c *caller) perform(asked call, send func(context.Context, call) (any, error)) error {
	asked.Client, asked.Call, asked.Outcome = c.name, c.record.number(), unknownOutcome
	if asked.Operation == "put" || asked.Operation == "txn" {
		// No other call writes this value.
		asked.Value = c.name + "#" + strconv.FormatInt(asked.Call, 10)
	}
	asked.Begin = now()
	c.record.write(asked)
	ctx, cancel := context.WithTimeout(context.Background(), callLimit)
	defer cancel()
	ctx, sent := withFlag(ctx)
	answer, err := send(ctx, asked)
	end := now()
	asked.End, asked.Outcome = &end, outcomeOf(err, sent.Load())
	if asked.Outcome == unknownOutcome && (asked.Operation == "get" || asked.Operation == "range") {
		asked.Outcome = failedOutcome
	}
	if err == nil {
		asked.Answer = answer
	}
	c.failed = err != nil
	c.record.write(asked)
	c.record.count(asked.Operation, asked.Outcome)
	return err
}

// put writes a key, and returns what it wrote.
func (c *caller) put(key string, lease int64) (keyValue, error) {
	var wrote keyValue
	err := c.perform(call{Operation: "put", Key: key, Lease: lease}, func(ctx context.Context, asked call) (any, error) {
		done, err := c.client.Put(ctx, key, asked.Value, clientv3.WithLease(clientv3.LeaseID(lease)))
		if err != nil {
			return nil, err
		}
		wrote = keyValue{key, asked.Value, done.Header.Revision}
		return written{done.Header.Revision, memberOf(done.Header)}, nil
	})
	if lease != 0 && errors.Is(err, rpctypes.ErrLeaseNotFound) {
		c.expired(lease)
	}
	return wrote, err
}

// get reads a key, and returns it as a list of none or one.
func (c *caller) get(key string, serializable bool) ([]keyValue, error) {
	return c.read(call{Operation: "get", Key: key, Serializable: &serializable}, key)
}

// list reads all keys with a prefix.
func (c *caller) list(prefix string, serializable bool) ([]keyValue, error) {
	asked := call{Operation: "range", Prefix: prefix, Serializable: &serializable}
	return c.read(asked, prefix, clientv3.WithPrefix())
}

func (c *caller) read(asked call, key string, options ...clientv3.OpOption) ([]keyValue, error) {
	if *asked.Serializable {
		options = append(options, clientv3.WithSerializable())
	}
	var kvs []keyValue
	err := c.perform(asked, func(ctx context.Context, _ call) (any, error) {
		done, err := c.client.Get(ctx, key, options...)
		if err != nil {
			return nil, err
		}
		kvs = pairs(done.Kvs)
		return found{done.Header.Revision, kvs, memberOf(done.Header)}, nil
	})
	return kvs, err
}

// swap writes a key if the comparison is true, and reads it otherwise.
func (c *caller) swap(asked call) ([]keyValue, error) {
	var compared clientv3.Cmp
	if asked.ExpectedValue != nil {
		compared = clientv3.Compare(clientv3.Value(asked.Key), "=", *asked.ExpectedValue)
	} else {
		compared = clientv3.Compare(clientv3.ModRevision(asked.Key), "=", *asked.ExpectedModRevision)
	}
	var kvs []keyValue
	err := c.perform(asked, func(ctx context.Context, asked call) (any, error) {
		write := clientv3.OpPut(asked.Key, asked.Value)
		done, err := c.client.Txn(ctx).If(compared).Then(write).Else(clientv3.OpGet(asked.Key)).Commit()
		if err != nil {
			return nil, err
		}
		answer := swapped{Revision: done.Header.Revision, Succeeded: done.Succeeded, Member: memberOf(done.Header)}
		if done.Succeeded {
			kvs = []keyValue{{asked.Key, asked.Value, done.Header.Revision}}
		} else {
			kvs = pairs(done.Responses[0].GetResponseRange().Kvs)
			answer.Found = kvs
		}
		return answer, nil
	})
	return kvs, err
}

func (c *caller) remove(key string) error {
	return c.perform(call{Operation: "delete", Key: key}, func(ctx context.Context, _ call) (any, error) {
		done, err := c.client.Delete(ctx, key)
		if err != nil {
			return nil, err
		}
		return deleted{done.Header.Revision, done.Deleted, memberOf(done.Header)}, nil
	})
}

func (c *caller) grant(seconds int64) (int64, error) {
	var lease int64
	err := c.perform(call{Operation: "lease-grant", TTL: seconds}, func(ctx context.Context, _ call) (any, error) {
		done, err := c.client.Grant(ctx, seconds)
		if err != nil {
			return nil, err
		}
		lease = int64(done.ID)
		return granted{lease, done.TTL}, nil
	})
	return lease, err
}

// renew returns whether the lease has ended.
//
// clientv3's KeepAliveOnce is not used: it tries again without a pause while a member does not answer.
func (c *caller) renew(lease int64) (bool, error) {
	ended := false
	asked := call{Operation: "lease-keep-alive", Lease: lease}
	err := c.perform(asked, func(ctx context.Context, _ call) (any, error) {
		stream, err := etcdserverpb.NewLeaseClient(c.client.ActiveConnection()).LeaseKeepAlive(ctx)
		if err != nil {
			return nil, err
		}
		if err := stream.Send(&etcdserverpb.LeaseKeepAliveRequest{ID: lease}); err != nil {
			return nil, err
		}
		if err := stream.CloseSend(); err != nil {
			return nil, err
		}
		done, err := stream.Recv()
		if err != nil {
			return nil, err
		}
		ended = done.TTL <= 0
		return renewed{done.TTL}, nil
	})
	return ended, err
}

// revoke returns whether the lease has certainly ended.
func (c *caller) revoke(lease int64) bool {
	err := c.perform(call{Operation: "lease-revoke", Lease: lease}, func(ctx context.Context, _ call) (any, error) {
		done, err := c.client.Revoke(ctx, clientv3.LeaseID(lease))
		if err != nil {
			return nil, err
		}
		return revoked{done.Header.Revision}, nil
	})
	if errors.Is(err, rpctypes.ErrLeaseNotFound) {
		c.expired(lease)
		return true
	}
	return err == nil
}

// expired records that a member told so.
func (c *caller) expired(lease int64) {
	c.record.write(observation{Client: c.name, At: now(), Operation: "lease-expired", Lease: lease})
}
