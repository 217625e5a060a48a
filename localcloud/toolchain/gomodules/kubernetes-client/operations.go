package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/kubernetes"
)

const (
	// compactionKey is where API servers agree on who compacts. It is outside of their prefix.
	compactionKey = "compact_rev_key"
	// objects is the number of keys that the list has, and page that of one page.
	objects = 5
	page    = 2
	// leaseSeconds is the time to live of an event.
	leaseSeconds = 3600
)

// operation is one thing that an API server does.
type operation struct {
	name string
	run  func(context.Context) error
}

// server does the operations of an API server, in their order.
type server struct {
	client *kubernetes.Client
	// prefix is the beginning of all its keys.
	prefix string
	// folder is the beginning of the keys of one resource.
	folder string
	// created is the revision of the last key that was created.
	created int64
}

func newServer(client *kubernetes.Client, prefix string) *server {
	return &server{client: client, prefix: rooted(prefix), folder: rooted(prefix) + "configmaps/kubernetes-client/"}
}

// operations returns what an API server does. Later ones use the keys of earlier ones.
func (s *server) operations() []operation {
	return []operation{
		{"status", s.status},
		{"health", s.health},
		{"create", s.create},
		{"update", s.update},
		{"list", s.list},
		{"count", s.count},
		{"lease", s.lease},
		{"watch", s.watch},
		{"delete", s.remove},
		{"read the compaction key", s.readCompactionKey},
		{"watch the compaction key", s.watchCompactionKey},
		{"write the compaction key", s.writeCompactionKey},
		{"compact", s.compact},
	}
}

// status asks each member for its version and the size of its database.
func (s *server) status(ctx context.Context) error {
	for _, endpoint := range s.client.Endpoints() {
		if _, err := s.client.Status(ctx, endpoint); err != nil {
			return fmt.Errorf("%s: %w", endpoint, err)
		}
	}
	return nil
}

// health reads the key that /healthz and /readyz read. It need not exist.
func (s *server) health(ctx context.Context) error {
	_, err := s.client.KV.Get(ctx, path.Join(s.prefix, "health"))
	return err
}

// create writes keys that must not exist.
func (s *server) create(ctx context.Context) error {
	for number := range objects {
		made, err := s.client.OptimisticPut(ctx, s.key(number), []byte("made"), 0, kubernetes.PutOptions{})
		if err != nil {
			return err
		}
		if !made.Succeeded {
			return errors.New(s.key(number) + " exists")
		}
		s.created = made.Revision
	}
	again, err := s.client.OptimisticPut(ctx, s.key(0), []byte("again"), 0, kubernetes.PutOptions{})
	if err == nil && again.Succeeded {
		return errors.New("a key was created twice")
	}
	return err
}

// update writes a key that nobody has changed since it was read, and finds a change that somebody made.
func (s *server) update(ctx context.Context) error {
	read, err := s.client.Kubernetes.Get(ctx, s.key(0), kubernetes.GetOptions{})
	if err != nil {
		return err
	}
	if read.KV == nil {
		return errors.New(s.key(0) + " does not exist")
	}
	options := kubernetes.PutOptions{GetOnFailure: true}
	changed, err := s.client.OptimisticPut(ctx, s.key(0), []byte("changed"), read.KV.ModRevision, options)
	if err != nil {
		return err
	}
	if !changed.Succeeded {
		return errors.New("a key that nobody changed was not updated")
	}
	conflict, err := s.client.OptimisticPut(ctx, s.key(0), []byte("late"), read.KV.ModRevision, options)
	if err == nil && (conflict.Succeeded || string(conflict.KV.Value) != "changed") {
		return errors.New("a conflict was not found")
	}
	return err
}

// list reads all keys in pages, each at the revision of the first page.
func (s *server) list(ctx context.Context) error {
	options, read := kubernetes.ListOptions{Limit: page}, 0
	for {
		part, err := s.client.List(ctx, s.folder, options)
		if err != nil {
			return err
		}
		read += len(part.Kvs)
		if int64(len(part.Kvs)) == part.Count || len(part.Kvs) == 0 {
			break
		}
		options.Continue = string(part.Kvs[len(part.Kvs)-1].Key) + "\x00"
		if options.Revision == 0 {
			options.Revision = part.Revision
		}
	}
	if read != objects {
		return fmt.Errorf("%d of %d keys were listed", read, objects)
	}
	return nil
}

func (s *server) count(ctx context.Context) error {
	number, err := s.client.Count(ctx, s.folder, kubernetes.CountOptions{})
	if err == nil && number != objects {
		return fmt.Errorf("%d of %d keys were counted", number, objects)
	}
	return err
}

// lease writes a key that ends with its lease, as an event does.
func (s *server) lease(ctx context.Context) error {
	granted, err := s.client.Grant(ctx, leaseSeconds)
	if err != nil {
		return err
	}
	key := s.prefix + "events/kubernetes-client"
	options := kubernetes.PutOptions{LeaseID: granted.ID}
	if _, err := s.client.OptimisticPut(ctx, key, []byte("event"), 0, options); err != nil {
		return err
	}
	read, err := s.client.Kubernetes.Get(ctx, key, kubernetes.GetOptions{})
	if err != nil {
		return err
	}
	_, err = s.client.OptimisticDelete(ctx, key, read.KV.ModRevision, kubernetes.DeleteOptions{})
	return err
}

// watch follows all keys from a revision, sees a change with the value before it, and learns that it missed nothing.
func (s *server) watch(ctx context.Context) error {
	ctx = clientv3.WithRequireLeader(ctx)
	read, err := s.client.Kubernetes.Get(ctx, s.key(1), kubernetes.GetOptions{})
	if err != nil {
		return err
	}
	if read.KV == nil {
		return errors.New(s.key(1) + " does not exist")
	}
	options := []clientv3.OpOption{
		clientv3.WithRev(read.Revision + 1), clientv3.WithPrevKV(), clientv3.WithPrefix(), clientv3.WithProgressNotify(),
	}
	responses := s.client.Watch(ctx, s.prefix, options...)
	changed, err := s.client.OptimisticPut(
		ctx, s.key(1), []byte("watched"), read.KV.ModRevision, kubernetes.PutOptions{GetOnFailure: true},
	)
	if err != nil {
		return err
	}
	seen := false
	for response := range responses {
		if err := response.Err(); err != nil {
			return err
		}
		for _, event := range response.Events {
			if event.Kv.ModRevision == changed.Revision {
				seen = string(event.PrevKv.Value) == "made"
				// An API server asks for this before it answers a consistent read from its cache.
				if err := s.client.RequestProgress(ctx); err != nil {
					return err
				}
			}
		}
		if response.IsProgressNotify() && response.Header.Revision >= changed.Revision {
			if !seen {
				return errors.New("the watch has progressed beyond an event that it did not show")
			}
			return nil
		}
	}
	return fmt.Errorf("no progress was notified in %s", limit)
}

// remove deletes each key, if nobody has changed it since it was read.
func (s *server) remove(ctx context.Context) error {
	for number := range objects {
		read, err := s.client.Kubernetes.Get(ctx, s.key(number), kubernetes.GetOptions{})
		if err != nil {
			return err
		}
		if read.KV == nil {
			return errors.New(s.key(number) + " does not exist")
		}
		gone, err := s.client.OptimisticDelete(
			ctx, s.key(number), read.KV.ModRevision, kubernetes.DeleteOptions{GetOnFailure: true},
		)
		if err != nil {
			return err
		}
		if !gone.Succeeded {
			return errors.New(s.key(number) + " was not deleted")
		}
	}
	return nil
}

// readCompactionKey learns up to which revision API servers compacted. Those since Kubernetes 1.34 need it.
func (s *server) readCompactionKey(ctx context.Context) error {
	_, err := s.client.KV.Get(ctx, compactionKey)
	return err
}

// watchCompactionKey starts the watch by which an API server learns of compactions by others.
func (s *server) watchCompactionKey(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	response, open := <-s.client.Watch(ctx, compactionKey, clientv3.WithCreatedNotify())
	if !open {
		return errors.New("the watch was closed")
	}
	return response.Err()
}

// writeCompactionKey takes the turn to compact, as the first of the API servers that compare the key's version.
func (s *server) writeCompactionKey(ctx context.Context) error {
	read, err := s.client.KV.Get(ctx, compactionKey)
	version := int64(0)
	switch {
	case errors.Is(err, rpctypes.ErrPermissionDenied):
		// An API server compares with the version that it knows. At its start that is 0.
	case err != nil:
		return err
	case len(read.Kvs) > 0:
		version = read.Kvs[0].Version
	}
	_, err = s.client.KV.Txn(ctx).If(
		clientv3.Compare(clientv3.Version(compactionKey), "=", version),
	).Then(
		clientv3.OpPut(compactionKey, strconv.FormatInt(s.created, 10)),
	).Else(
		clientv3.OpGet(compactionKey),
	).Commit()
	return err
}

// compact drops what is older than the created keys, and sees that it is gone.
func (s *server) compact(ctx context.Context) error {
	if _, err := s.client.Compact(ctx, s.created); err != nil {
		return err
	}
	_, err := s.client.List(ctx, s.folder, kubernetes.ListOptions{Revision: s.created - 1})
	if !errors.Is(err, rpctypes.ErrCompacted) {
		return fmt.Errorf("a compacted revision was read: %w", err)
	}
	return nil
}

func (s *server) key(number int) string {
	return fmt.Sprintf("%s%d", s.folder, number)
}
