package main

import (
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/anishathalye/porcupine"
)

// partition is a part of the history with keys that no other part has.
type partition struct {
	etcd
	operations []porcupine.Operation
}

func (p *partition) initial() state { return state{keys: make([]keyState, len(p.names))} }

// sighting is the first time that somebody had a value of an unknown write. The write had taken place then.
type sighting struct {
	at       int64
	revision int64
}

// written is a key with a value.
type written struct{ key, value string }

// evidence is what the whole history tells about unknown calls.
type evidence struct {
	sightings map[written]sighting
	// writers counts the calls that may have written a value.
	writers map[written]int
	// compared has the values that transactions expected.
	compared map[written]bool
	// revoked has the revocations of leases that were acknowledged.
	revoked []*record
	// leased has the keys that had a lease.
	leased map[int64][]string
}

// split returns the partitions of a history. Keys are together if a range reads them together.
func split(records []*record) []*partition {
	known := gather(records)
	groups := group(records)
	builders := map[string]*builder{}
	calls := slices.Clone(records)
	sort.SliceStable(calls, func(i, j int) bool { return calls[i].Begin < calls[j].Begin })
	for _, one := range calls {
		if !judged(one) {
			continue
		}
		root := groups.root(one)
		if builders[root] == nil {
			builders[root] = newBuilder(known, groups.members(root))
		}
		builders[root].add(one)
	}
	for _, one := range known.revoked {
		for _, key := range known.leased[one.Lease] {
			if builder := builders[groups.find(key)]; builder != nil {
				builder.addRevoke(one, key)
			}
		}
	}
	partitions := []*partition{}
	for _, root := range slices.Sorted(maps.Keys(builders)) {
		partitions = append(partitions, &builders[root].partition)
	}
	return partitions
}

var kinds = map[string]kind{"put": put, "txn": swap, "delete": remove, "get": read, "range": read}

// judged says whether a call has a place in the order: reads without an answer have none, nor have failed calls.
func judged(one *record) bool {
	switch one.Operation {
	case "put", "txn", "delete":
		return one.Outcome != failedOutcome
	case "get", "range":
		return one.ok() && !one.Serializable
	}
	return false
}

func gather(records []*record) *evidence {
	known := &evidence{
		sightings: map[written]sighting{}, writers: map[written]int{}, compared: map[written]bool{},
		leased: map[int64][]string{},
	}
	for _, one := range records {
		for _, event := range one.Events {
			if event.Value != nil {
				known.see(event.Key, *event.Value, event.Mod, one.At)
			}
		}
		if !one.isCall() || one.Outcome == failedOutcome {
			continue
		}
		if one.Operation == "put" || one.Operation == "txn" {
			known.writers[written{one.Key, one.Value}]++
		}
		if one.Expected != nil {
			known.compared[written{one.Key, *one.Expected}] = true
		}
		if one.Lease != 0 && one.Operation == "put" && !slices.Contains(known.leased[one.Lease], one.Key) {
			known.leased[one.Lease] = append(known.leased[one.Lease], one.Key)
		}
		if one.Operation == "lease-revoke" && one.ok() {
			known.revoked = append(known.revoked, one)
		}
		if one.ok() {
			for _, found := range one.Answer.Found {
				known.see(found.Key, found.Value, found.Mod, *one.End)
			}
		}
	}
	return known
}

func (e *evidence) see(key, value string, revision, at int64) {
	which := written{key, value}
	if before, seen := e.sightings[which]; !seen || at < before.at {
		e.sightings[which] = sighting{at, revision}
	}
}

// builder makes the operations of one partition, in the order of their begin.
type builder struct {
	partition
	known   *evidence
	places  map[string]int
	clients map[string]int
}

func newBuilder(known *evidence, names []string) *builder {
	places := map[string]int{}
	for place, name := range names {
		places[name] = place
	}
	return &builder{
		partition: partition{etcd: etcd{names: names}}, known: known, places: places, clients: map[string]int{},
	}
}

func (b *builder) add(one *record) {
	in := input{value: one.Value, lease: one.Lease, expected: one.Expected, expectedMod: one.ExpectedMod}
	if one.Operation == "range" {
		in.keys = b.under(one.Prefix)
	} else {
		in.key = b.places[one.Key]
		in.keys = []int{in.key}
	}
	in.kind = kinds[one.Operation]
	if !one.ok() {
		b.addUnknown(one, in)
		return
	}
	out := output{acknowledged: true, revision: one.Answer.Revision}
	switch in.kind {
	case put:
		out.effective = true
	case swap:
		out.effective = one.Answer.Succeeded
	case remove:
		out.effective = one.Answer.Deleted > 0
	}
	if in.kind == read || (in.kind == swap && !out.effective && one.Answer.Found != nil) {
		out.found = b.found(in.keys, one.Answer.Found)
	}
	b.append(one, in, out, *one.End)
}

// addUnknown adds a call without an answer. If somebody had a value that nobody else can have written, the call took
// place before that.
func (b *builder) addUnknown(one *record, in input) {
	if in.kind != remove {
		which := written{one.Key, one.Value}
		seen, isSeen := b.known.sightings[which]
		if isSeen && b.known.writers[which] == 1 {
			b.append(one, in, output{effective: true, revision: seen.revision}, max(seen.at, one.Begin))
			return
		}
		if !isSeen && !b.known.compared[which] {
			in.value = unseen
		}
	}
	b.unknown = append(b.unknown, in)
	armed := input{kind: arm, key: in.key, unknown: len(b.unknown) - 1}
	b.append(one, armed, output{}, one.Begin)
}

// addRevoke adds the end of a lease for one of its keys. It may have ended by itself before.
func (b *builder) addRevoke(one *record, key string) {
	in := input{kind: revoke, key: b.places[key], lease: one.Lease}
	b.append(one, in, output{}, *one.End)
}

func (b *builder) append(one *record, in input, out output, end int64) {
	client, known := b.clients[one.Client]
	if !known {
		client = len(b.clients)
		b.clients[one.Client] = client
	}
	b.operations = append(b.operations, porcupine.Operation{
		ClientId: client, Input: in, Call: one.Begin, Output: out, Return: end, Metadata: origin{one.Client, one.Call},
	})
}

// origin names the call of an operation.
type origin struct {
	client string
	call   int
}

func (b *builder) under(prefix string) []int {
	places := []int{}
	for place, name := range b.names {
		if strings.HasPrefix(name, prefix) {
			places = append(places, place)
		}
	}
	return places
}

// found returns what was found for each place, in the order of the places.
func (b *builder) found(places []int, kvs []keyValue) []*keyValue {
	byPlace := map[int]*keyValue{}
	for index := range kvs {
		if place, known := b.places[kvs[index].Key]; known {
			byPlace[place] = &kvs[index]
		}
	}
	all := make([]*keyValue, len(places))
	for index, place := range places {
		all[index] = byPlace[place]
	}
	return all
}

// groups puts keys together that ranges read together.
type groups struct {
	parent map[string]string
}

// rangeMark begins the name of a range in the groups. No key begins with it.
const rangeMark = "\xff"

func group(records []*record) *groups {
	all := &groups{map[string]string{}}
	prefixes := map[string]bool{}
	for _, one := range records {
		if !judged(one) {
			continue
		}
		if one.Operation == "range" {
			prefixes[one.Prefix] = true
		} else {
			all.find(one.Key)
		}
		if one.ok() {
			for _, found := range one.Answer.Found {
				all.find(found.Key)
			}
		}
	}
	keys := slices.Collect(maps.Keys(all.parent))
	for prefix := range prefixes {
		for _, key := range keys {
			if strings.HasPrefix(key, prefix) {
				all.parent[all.find(key)] = all.find(rangeMark + prefix)
			}
		}
	}
	return all
}

func (g *groups) find(name string) string {
	if _, known := g.parent[name]; !known {
		g.parent[name] = name
	}
	for g.parent[name] != name {
		name = g.parent[name]
	}
	return name
}

func (g *groups) root(one *record) string {
	if one.Operation == "range" {
		return g.find(rangeMark + one.Prefix)
	}
	return g.find(one.Key)
}

// members returns the keys of a group, in order.
func (g *groups) members(root string) []string {
	keys := []string{}
	for name := range g.parent {
		if g.find(name) == root && !strings.HasPrefix(name, rangeMark) {
			keys = append(keys, name)
		}
	}
	slices.Sort(keys)
	return keys
}
