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
	names      []string
	operations []porcupine.Operation
}

func (p partition) initial() state { return state{keys: make([]keyState, len(p.names))} }

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
	// last is the last time in the history.
	last int64
}

// split returns the partitions of a history. Keys are together if a range reads them together.
func split(records []*record) []partition {
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
	partitions := []partition{}
	for _, root := range slices.Sorted(maps.Keys(builders)) {
		if len(builders[root].operations) > 0 {
			partitions = append(partitions, partition{builders[root].names, builders[root].operations})
		}
	}
	return partitions
}

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
		known.last = max(known.last, one.Begin, one.At)
		if one.End != nil {
			known.last = max(known.last, *one.End)
		}
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
	known      *evidence
	names      []string
	places     map[string]int
	operations []porcupine.Operation
	clients    map[string]int
	// writes and removes count the ranked calls of each key.
	writes, removes map[int]int
}

func newBuilder(known *evidence, names []string) *builder {
	places := map[string]int{}
	for place, name := range names {
		places[name] = place
	}
	return &builder{
		known: known, names: names, places: places, clients: map[string]int{},
		writes: map[int]int{}, removes: map[int]int{},
	}
}

func (b *builder) add(one *record) {
	in, out := input{rank: unranked, value: one.Value}, output{acknowledged: one.ok()}
	end := b.known.last + 1
	if one.ok() {
		end, out.revision = *one.End, one.Answer.Revision
	}
	if one.Operation != "range" {
		in.key = b.places[one.Key]
		in.keys = []int{in.key}
	}
	switch one.Operation {
	case "put":
		in.kind, in.lease, out.effective = put, one.Lease, one.ok()
	case "txn":
		in.kind, in.expected, in.expectedMod = swap, one.Expected, one.ExpectedMod
		if one.ok() {
			out.effective = one.Answer.Succeeded
			if !out.effective && one.Answer.Found != nil {
				out.found = b.found(in.keys, one.Answer.Found)
			}
		}
	case "delete":
		in.kind, out.effective = remove, one.ok() && one.Answer.Deleted > 0
		if !one.ok() {
			in.rank = b.removes[in.key]
			b.removes[in.key]++
		}
	case "get", "range":
		in.kind = read
		if one.Operation == "range" {
			in.keys = b.under(one.Prefix)
		}
		out.found = b.found(in.keys, one.Answer.Found)
	}
	if !one.ok() && (in.kind == put || in.kind == swap) {
		end = b.resolve(one, &in, &out, end)
	}
	b.append(one, in, out, max(end, one.Begin))
}

// resolve adds to an unknown write what others saw of it, and returns its end.
func (b *builder) resolve(one *record, in *input, out *output, end int64) int64 {
	which := written{one.Key, one.Value}
	seen, isSeen := b.known.sightings[which]
	switch {
	case isSeen && b.known.writers[which] == 1:
		// Nobody else can have written it.
		out.effective, out.revision = true, seen.revision
		return min(end, seen.at)
	case isSeen || b.known.compared[which]:
		return end
	}
	in.value = unseen
	if in.kind == put && in.lease == 0 {
		// Such puts differ in nothing that anybody saw. So they can be taken in the order of their begin: in a legal
		// order two of them can change their places, as none ends.
		in.rank = b.writes[in.key]
		b.writes[in.key]++
	}
	return end
}

// addRevoke adds the end of a lease for one of its keys. It may have ended by itself before.
func (b *builder) addRevoke(one *record, key string) {
	in := input{kind: revoke, key: b.places[key], lease: one.Lease, rank: unranked}
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
