package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"
)

type kind int

const (
	put kind = iota
	swap
	remove
	revoke
	read
)

// unseen is the value of all writes whose values nobody had. No client can write it: it is no text.
const unseen = "\xffunseen"

// unranked is the rank of an operation that has none.
const unranked = -1

// input is what a call asked for.
type input struct {
	kind kind
	// key is the place of the key in the state. A read has its keys in keys.
	key      int
	keys     []int
	value    string
	expected *string
	// expectedMod is 0 if the key must not exist.
	expectedMod *int64
	lease       int64
	// rank is the place of an unknown call among those of its key that differ in nothing but their begin.
	rank int
}

// output is what is known about the effect of a call.
type output struct {
	// acknowledged says that the cluster answered.
	acknowledged bool
	// effective says that the call wrote: an answer says so, or somebody had its value.
	effective bool
	// revision is that of the answer, or that of the value which somebody had; 0 if it is unknown.
	revision int64
	// found has what a read returned for each of the keys of the input; nil if it did not read.
	found []*keyValue
}

// keyState is a key in the store. The zero value is a key that never existed.
type keyState struct {
	exists bool
	value  string
	// mod is the revision of the last write, or the least that it can be if exact is false.
	mod   int64
	exact bool
	// lease can end at any time and delete the key.
	lease int64
	// writes and removes count the ranked operations that have happened.
	writes, removes int
}

// state is a store with the keys of one partition. It is never changed.
type state struct {
	// revision is the least that the store's revision can be.
	revision int64
	keys     []keyState
}

// model returns the sequential behaviour of etcd with some keys, from a state on.
//
// Revisions are part of it: each write has a larger one than all before it. Acknowledged calls have theirs, so hardly
// any order is left to be searched. An unknown call never ends, so it can also take place after all others: then it
// has no effect that anybody saw.
func model(names []string, initial state) porcupine.Model {
	nondeterministic := porcupine.NondeterministicModel{
		Init: func() []any { return []any{initial} },
		Step: func(before, in, out any) []any {
			after := []any{}
			for _, one := range step(before.(state), in.(input), out.(output)) {
				after = append(after, one)
			}
			return after
		},
		Equal: func(one, other any) bool {
			a, b := one.(state), other.(state)
			return a.revision == b.revision && slices.Equal(a.keys, b.keys)
		},
		Hash: func(one any) uint64 { return one.(state).hash() },
		DescribeOperation: func(in, out any) string {
			return describe(names, in.(input), out.(output))
		},
		DescribeState: func(one any) string { return one.(state).describe(names) },
	}
	return nondeterministic.ToModel()
}

// step returns the states that may follow; none if the call cannot take place in this state.
func step(before state, in input, out output) []state {
	if out.acknowledged && out.revision < before.revision {
		return nil
	}
	switch in.kind {
	case put:
		return stepPut(before, in, out)
	case swap:
		return stepSwap(before, in, out)
	case remove:
		return stepRemove(before, in, out)
	case revoke:
		return stepRevoke(before, in)
	default:
		return stepRead(before, in, out)
	}
}

func stepPut(before state, in input, out output) []state {
	if in.rank != unranked && in.rank != before.keys[in.key].writes {
		return nil
	}
	return before.write(in, out)
}

func stepRemove(before state, in input, out output) []state {
	key := before.keys[in.key]
	switch {
	case in.rank != unranked && in.rank != key.removes:
		return nil
	case out.acknowledged && out.effective != key.exists:
		// Only the end of its lease can have deleted the key.
		if out.effective || key.lease == 0 {
			return nil
		}
		return []state{before.without(in, out.revision)}
	case !key.exists:
		return []state{before.without(in, out.revision)}
	}
	if out.acknowledged && out.effective && out.revision <= before.revision {
		return nil
	}
	return []state{before.without(in, max(out.revision, before.revision+1))}
}

// stepRevoke deletes the key if it still has the lease. All keys of a lease are deleted at one revision, which is
// unknown.
func stepRevoke(before state, in input) []state {
	if before.keys[in.key].lease != in.lease {
		return []state{before}
	}
	return []state{before.ended(in.key)}
}

func stepSwap(before state, in input, out output) []state {
	canBeTrue, canBeFalse := compare(before.keys[in.key], in)
	unequal := before
	if before.keys[in.key].lease != 0 {
		ended := before.ended(in.key)
		equal, unlike := compare(ended.keys[in.key], in)
		if !canBeFalse {
			unequal = ended
		}
		canBeTrue, canBeFalse = canBeTrue || equal, canBeFalse || unlike
	}
	after := []state{}
	if canBeTrue && (out.effective || !out.acknowledged) {
		after = append(after, before.write(in, out)...)
	}
	switch {
	case !canBeFalse || out.effective:
		return after
	case !out.acknowledged:
		return append(after, unequal)
	case out.found == nil:
		return append(after, unequal.at(out.revision))
	}
	return append(after, stepRead(unequal, in, out)...)
}

// compare says whether comparing a key with what the call expects can be true, and whether it can be false. Both are
// possible while the key's revision is unknown.
func compare(key keyState, in input) (bool, bool) {
	equal := false
	switch {
	case in.expectedMod != nil && *in.expectedMod == 0:
		equal = !key.exists
	case !key.exists:
	case in.expectedMod == nil:
		equal = *in.expected == key.value
	case !key.exact:
		return *in.expectedMod >= key.mod, true
	default:
		equal = *in.expectedMod == key.mod
	}
	return equal, !equal
}

func stepRead(before state, in input, out output) []state {
	now := state{out.revision, slices.Clone(before.keys)}
	for place, key := range in.keys {
		found, stored := out.found[place], &now.keys[key]
		switch {
		case found == nil && stored.exists && stored.lease == 0:
			return nil
		case found == nil:
			*stored = stored.gone()
		case !stored.exists || stored.value != found.Value:
			return nil
		case stored.exact && stored.mod != found.Mod, stored.mod > found.Mod, found.Mod > out.revision:
			return nil
		default:
			stored.mod, stored.exact = found.Mod, true
		}
	}
	return []state{now}
}

// write returns the state after a write of the key, if its revision allows that.
func (s state) write(in input, out output) []state {
	revision, exact := s.revision+1, out.revision != 0
	if exact {
		if out.revision < revision {
			return nil
		}
		revision = out.revision
	}
	after := state{revision, slices.Clone(s.keys)}
	key := &after.keys[in.key]
	key.exists, key.value, key.mod, key.exact, key.lease = true, in.value, revision, exact, in.lease
	if in.rank != unranked {
		key.writes++
	}
	return []state{after}
}

// without returns the state without the key, at a revision.
func (s state) without(in input, revision int64) state {
	after := state{max(s.revision, revision), slices.Clone(s.keys)}
	key := after.keys[in.key].gone()
	if in.rank != unranked {
		key.removes++
	}
	after.keys[in.key] = key
	return after
}

// ended returns the state after the end of the key's lease.
func (s state) ended(key int) state {
	after := state{s.revision, slices.Clone(s.keys)}
	after.keys[key] = after.keys[key].gone()
	return after
}

func (s state) at(revision int64) state { return state{revision, s.keys} }

func (k keyState) gone() keyState { return keyState{writes: k.writes, removes: k.removes} }

// FNV-1a, over the numbers of a state and the lengths and ends of its values.
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
		add(uint64(key.writes)<<32 | uint64(key.removes))
		for index := range len(key.value) {
			add(uint64(key.value[index]))
		}
	}
	return hash
}

func (s state) describe(names []string) string {
	parts := []string{fmt.Sprintf("revision %d", s.revision)}
	for place, key := range s.keys {
		if key.exists {
			parts = append(parts, fmt.Sprintf("%s=%s@%d", names[place], shown(key.value), key.mod))
		}
	}
	return strings.Join(parts, ", ")
}

func describe(names []string, in input, out output) string {
	text := ""
	switch in.kind {
	case put:
		text = fmt.Sprintf("put %s=%s", names[in.key], shown(in.value))
	case remove:
		text = fmt.Sprintf("delete %s", names[in.key])
	case revoke:
		return fmt.Sprintf("revoke lease %d of %s", in.lease, names[in.key])
	case read:
		return fmt.Sprintf("read: %s", describeFound(names, in, out))
	case swap:
		text = fmt.Sprintf("set %s=%s if %s", names[in.key], shown(in.value), describeExpected(in))
	}
	switch {
	case !out.acknowledged && out.effective:
		return fmt.Sprintf("%s: unknown, but seen at revision %d", text, out.revision)
	case !out.acknowledged:
		return text + ": unknown"
	case out.effective:
		return fmt.Sprintf("%s: done at revision %d", text, out.revision)
	case out.found != nil:
		return fmt.Sprintf("%s: no, %s", text, describeFound(names, in, out))
	}
	return fmt.Sprintf("%s: no at revision %d", text, out.revision)
}

func describeExpected(in input) string {
	if in.expected != nil {
		return "the value is " + *in.expected
	}
	return fmt.Sprintf("the revision is %d", *in.expectedMod)
}

func describeFound(names []string, in input, out output) string {
	parts := []string{}
	for place, found := range out.found {
		if found == nil {
			parts = append(parts, "no "+names[in.keys[place]])
		} else {
			parts = append(parts, fmt.Sprintf("%s=%s@%d", found.Key, found.Value, found.Mod))
		}
	}
	return fmt.Sprintf("%s at revision %d", strings.Join(parts, ", "), out.revision)
}

func shown(value string) string {
	if value == unseen {
		return "(a value that nobody saw)"
	}
	return value
}
