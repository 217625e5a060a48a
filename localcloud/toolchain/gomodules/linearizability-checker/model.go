package main

import (
	"slices"

	"github.com/anishathalye/porcupine"
)

type kind int

const (
	put kind = iota
	swap
	remove
	revoke
	read
	// arm is the begin of an unknown call: from then on it may have an effect.
	arm
)

// unseen is the value of all writes whose values nobody had. No client can write it: it is no text.
const unseen = "\xffunseen"

// someLease is the lease of all puts of unseen values. It can end, and no call revokes it.
const someLease = -1

// input is what a call asked for.
type input struct {
	kind kind
	// key is the place of the key in the state. A read has its keys in keys.
	key   int
	keys  []int
	value string
	// expected is the value that a swap expects, expectedMod the revision: 0 if the key must not exist.
	expected    *string
	expectedMod *int64
	lease       int64
	// unknown is the number of the armed call among the unknown calls of the partition.
	unknown int
}

// output is what is known about the effect of a call that certainly took place.
type output struct {
	// acknowledged says that the cluster answered. Otherwise somebody had the value that the call wrote.
	acknowledged bool
	// effective says that the call wrote or deleted.
	effective bool
	// revision is that of the answer, or that of the value which somebody had.
	revision int64
	// found has what a read returned for each of the keys of the input; nil if it did not read.
	found []*keyValue
}

// content is a key in the store. The zero value is a key that does not exist.
type content struct {
	exists bool
	value  string
	// mod is the revision of the last write, or the least that it can be if exact is false.
	mod   int64
	exact bool
	// lease can end at any time and delete the key.
	lease int64
}

// keyState is a key, and the unknown calls that may still change it.
type keyState struct {
	content
	// These count unknown deletes, and the unknown writes of values that nobody saw: swaps that need the absence of
	// the key, puts without a lease, and puts with one. Those of a kind differ in nothing that matters.
	removes, creations, writes, leased int
	// others are the numbers of all other unknown calls, in order.
	others []int
}

// state is a store with the keys of one partition. It is never changed.
type state struct {
	// revision is the largest that a call has had.
	revision int64
	keys     []keyState
}

// etcd is the sequential behaviour of a cluster that has the keys of one partition.
//
// Revisions are part of it: each write has a larger one than all before it. Hardly any order is left to be searched.
//
// An unknown call is no operation, unless somebody saw its value. It can take place at any time after its begin, and
// it matters only if it explains what a later call had. So it waits in the state, and takes place when such a call needs
// it: because that call finds no key, or one to delete, or because its comparison is false. The end of a lease is the
// same.
type etcd struct {
	names []string
	// unknown are the calls that were not acknowledged and whose value nobody saw.
	unknown []input
}

// model returns the behaviour from a state on.
func (e *etcd) model(initial state) porcupine.Model {
	nondeterministic := porcupine.NondeterministicModel{
		Init: func() []any { return []any{initial} },
		Step: func(before, in, out any) []any {
			after := []any{}
			for _, one := range e.step(before.(state), in.(input), out.(output)) {
				after = append(after, one)
			}
			return after
		},
		Equal:             func(one, other any) bool { return one.(state).equal(other.(state)) },
		Hash:              func(one any) uint64 { return one.(state).hash() },
		DescribeOperation: func(in, out any) string { return e.describe(in.(input), out.(output)) },
		DescribeState:     func(one any) string { return e.describeState(one.(state)) },
	}
	return nondeterministic.ToModel()
}

// step returns the states that may follow; none if the call cannot take place in this state.
func (e *etcd) step(before state, in input, out output) []state {
	switch in.kind {
	case arm:
		return []state{e.arm(before, in)}
	case revoke:
		key := before.keys[in.key]
		if key.lease == in.lease {
			key.content = content{}
		}
		return []state{before.with(in.key, key)}
	}
	if out.revision < before.revision || (in.kind != read && out.effective && out.revision == before.revision) {
		return nil
	}
	after := []state{{out.revision, before.keys}}
	for place, number := range in.keys {
		next := []state{}
		keys := e.explain(before.keys[number], func(now content) bool { return possible(now, in, out, place) })
		if in.kind == remove && len(keys) > 1 {
			// They differ in the calls that have taken place. The first leaves those that can do most.
			keys = keys[:1]
		}
		for _, key := range keys {
			key.content = change(key.content, in, out, place)
			key.others = e.withoutPast(key)
			for _, one := range after {
				next = append(next, one.with(number, key))
			}
		}
		after = next
	}
	return after
}

func (e *etcd) arm(before state, in input) state {
	key, call := before.keys[in.key], e.unknown[in.unknown]
	switch {
	case call.kind == remove:
		key.removes++
	case call.kind == put && call.value == unseen && call.lease == 0:
		key.writes++
	case call.kind == put && call.value == unseen:
		key.leased++
	case call.value == unseen && call.expectedMod != nil && *call.expectedMod == 0:
		key.creations++
	case isPast(call, key.content):
	default:
		place, _ := slices.BinarySearch(key.others, in.unknown)
		key.others = slices.Insert(slices.Clone(key.others), place, in.unknown)
	}
	return before.with(in.key, key)
}

// isPast says whether a swap can never succeed, as its key has a later revision than it expects.
func isPast(call input, now content) bool {
	return call.expectedMod != nil && *call.expectedMod != 0 && *call.expectedMod < now.mod
}

func (e *etcd) withoutPast(key keyState) []int {
	past := func(number int) bool { return isPast(e.unknown[number], key.content) }
	if !slices.ContainsFunc(key.others, past) {
		return key.others
	}
	return slices.DeleteFunc(slices.Clone(key.others), past)
}

// possible says whether a call can have its answer if a key is as given.
func possible(now content, in input, out output, place int) bool {
	switch in.kind {
	case read:
		return now.matches(out.found[place], out.revision)
	case remove:
		return now.exists == out.effective
	case swap:
		canBeTrue, canBeFalse := now.compare(in)
		if out.effective {
			return canBeTrue
		}
		return canBeFalse && (out.found == nil || now.matches(out.found[place], out.revision))
	}
	return true
}

// change returns the key after the call.
func change(now content, in input, out output, place int) content {
	switch {
	case in.kind == remove:
		return content{}
	case out.effective:
		return content{exists: true, value: in.value, mod: out.revision, exact: true, lease: in.lease}
	case out.found != nil && now.exists:
		now.mod, now.exact = out.found[place].Mod, true
	}
	return now
}

// matches says whether a read at a revision can find the key like this. No key is found if it does not exist.
func (c content) matches(found *keyValue, revision int64) bool {
	if found == nil || !c.exists {
		return found == nil && !c.exists
	}
	return c.value == found.Value && c.mod <= found.Mod && (!c.exact || c.mod == found.Mod) && found.Mod <= revision
}

// compare says whether comparing the key with what a swap expects can be true, and whether it can be false. Both are
// possible while the key's revision is unknown.
func (c content) compare(in input) (bool, bool) {
	equal := false
	switch {
	case in.expectedMod != nil && *in.expectedMod == 0:
		equal = !c.exists
	case !c.exists:
	case in.expectedMod == nil:
		equal = *in.expected == c.value
	case !c.exact:
		return *in.expectedMod >= c.mod, true
	default:
		equal = *in.expectedMod == c.mod
	}
	return equal, !equal
}

// explain returns the key as it is if that is possible, else what leases and unknown calls can have made of it.
func (e *etcd) explain(key keyState, possible func(content) bool) []keyState {
	reached := []keyState{key}
	if key.lease != 0 {
		reached = append(reached, key.without())
	}
	for _, one := range reached {
		if possible(one.content) {
			return []keyState{one}
		}
	}
	explained := []keyState{}
	for calls := 0; len(reached) > 0; calls++ {
		next := []keyState{}
		for _, one := range reached {
			for _, changed := range e.changed(one, calls == 0) {
				same := func(other keyState) bool { return other.content == changed.content }
				switch {
				case !possible(changed.content):
					next = append(next, changed)
				case !slices.ContainsFunc(explained, same):
					explained = append(explained, changed)
				}
			}
		}
		reached = next
	}
	return explained
}

// changed returns what one unknown call can make of a key: first by those that can do least at another time.
//
// A delete or a put takes place only as the first of several: it hides what those before it did.
func (e *etcd) changed(key keyState, first bool) []keyState {
	all := []keyState{}
	add := func(changed keyState) {
		all = append(all, changed)
		if changed.lease != 0 {
			all = append(all, changed.without())
		}
	}
	others := []keyState{}
	for place, number := range key.others {
		call := e.unknown[number]
		if call.kind == swap {
			if canBeTrue, _ := key.compare(call); !canBeTrue || (key.value == unseen && call.value == unseen) {
				continue
			}
		} else if !first {
			continue
		}
		written := key.written(call.value, call.lease)
		written.others = slices.Delete(slices.Clone(key.others), place, place+1)
		if call.value == unseen {
			add(written)
		} else {
			others = append(others, written)
		}
	}
	if !key.exists && key.creations > 0 {
		created := key.written(unseen, 0)
		created.creations--
		add(created)
	}
	if first && key.exists && key.lease == 0 && key.removes > 0 {
		removed := key.without()
		removed.removes--
		add(removed)
	}
	if first && key.writes > 0 {
		written := key.written(unseen, 0)
		written.writes--
		add(written)
	}
	if first && key.leased > 0 {
		written := key.written(unseen, someLease)
		written.leased--
		add(written)
	}
	for _, other := range others {
		add(other)
	}
	return all
}

func (k keyState) without() keyState {
	k.content = content{}
	return k
}

// written returns the key after a write at an unknown revision.
func (k keyState) written(value string, lease int64) keyState {
	k.content = content{exists: true, value: value, mod: k.mod + 1, lease: lease}
	return k
}

func (s state) with(number int, key keyState) state {
	after := state{s.revision, slices.Clone(s.keys)}
	after.keys[number] = key
	return after
}

func (s state) equal(other state) bool {
	return s.revision == other.revision && slices.EqualFunc(s.keys, other.keys, func(a, b keyState) bool {
		return a.content == b.content && a.removes == b.removes && a.creations == b.creations && a.writes == b.writes &&
			a.leased == b.leased && slices.Equal(a.others, b.others)
	})
}

// FNV-1a, over the numbers of a state.
const (
	hashBegin = 14695981039346656037
	hashPrime = 1099511628211
)

func (s state) hash() uint64 {
	hash := uint64(hashBegin)
	add := func(number uint64) { hash = (hash ^ number) * hashPrime }
	add(uint64(s.revision))
	for _, key := range s.keys {
		add(uint64(key.mod))
		for _, calls := range []int{key.removes, key.creations, key.writes, key.leased} {
			add(uint64(calls))
		}
		for _, number := range key.others {
			add(uint64(number))
		}
	}
	return hash
}
