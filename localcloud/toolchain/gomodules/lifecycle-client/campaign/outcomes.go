package main

import (
	"context"
	"errors"
	"sync/atomic"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/stats"
)

// Outcomes of calls.
const (
	okOutcome      = "ok"
	failedOutcome  = "failed"
	unknownOutcome = "unknown"
)

// proposalDropped is the error of a member whose own Raft does not take a proposal: there is no leader, or this one
// hands over. The member adds nothing to its log then. A follower never has it for what it forwarded.
const proposalDropped = "raft proposal dropped"

// withoutEffect are the errors of members that change nothing. They come before the proposal, or from applying it.
//
// ErrNoSpace is not among them: quotaApplierV3 of etcdserver/apply/apply.go writes first, and returns it nevertheless.
var withoutEffect = []error{
	rpctypes.ErrTooManyRequests,
	rpctypes.ErrRequestTooLarge,
	rpctypes.ErrNotCapable,
	rpctypes.Error(rpctypes.ErrGRPCNotSupportedForLearner),
	rpctypes.ErrLeaseNotFound,
	rpctypes.ErrPermissionDenied,
	rpctypes.ErrUserEmpty,
	rpctypes.ErrInvalidAuthToken,
	rpctypes.ErrAuthOldRevision,
}

// outcomeOf returns what is known after a call. Its request may have left this machine if it was sent.
func outcomeOf(err error, sent bool) string {
	switch {
	case err == nil:
		return okOutcome
	case !sent || rpctypes.ErrorDesc(err) == proposalDropped:
		return failedOutcome
	}
	for _, one := range withoutEffect {
		if errors.Is(err, one) {
			return failedOutcome
		}
	}
	return unknownOutcome
}

// sentKey is the key of a flag in the context of a call.
type sentKey struct{}

// withFlag returns a context for one call, and a flag that is set when gRPC hands its header to a connection.
func withFlag(parent context.Context) (context.Context, *atomic.Bool) {
	flag := &atomic.Bool{}
	return context.WithValue(parent, sentKey{}, flag), flag
}

// sending sets the flags of calls. All attempts of a call share its flag.
type sending struct{}

func (sending) HandleRPC(ctx context.Context, what stats.RPCStats) {
	if _, isHeader := what.(*stats.OutHeader); !isHeader {
		return
	}
	if flag, has := ctx.Value(sentKey{}).(*atomic.Bool); has {
		flag.Store(true)
	}
}

func (sending) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (sending) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (sending) HandleConn(context.Context, stats.ConnStats)                       {}
