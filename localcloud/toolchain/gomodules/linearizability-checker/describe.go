package main

import (
	"fmt"
	"strings"
)

func (e *etcd) describeState(s state) string {
	parts := []string{fmt.Sprintf("revision %d", s.revision)}
	for number, key := range s.keys {
		if key.exists {
			parts = append(parts, fmt.Sprintf("%s=%s@%d", e.names[number], shown(key.value), key.mod))
		}
	}
	return strings.Join(parts, ", ")
}

func (e *etcd) describe(in input, out output) string {
	switch {
	case in.kind == arm:
		return e.request(e.unknown[in.unknown]) + ": unknown, and not seen"
	case in.kind == read:
		return fmt.Sprintf("read: %s at revision %d", e.found(in, out), out.revision)
	case in.kind == revoke:
		return e.request(in)
	case !out.acknowledged:
		return fmt.Sprintf("%s: unknown, but seen at revision %d", e.request(in), out.revision)
	case out.effective:
		return fmt.Sprintf("%s: done at revision %d", e.request(in), out.revision)
	case out.found != nil:
		return fmt.Sprintf("%s: no, %s at revision %d", e.request(in), e.found(in, out), out.revision)
	}
	return fmt.Sprintf("%s: no at revision %d", e.request(in), out.revision)
}

func (e *etcd) request(in input) string {
	name := e.names[in.key]
	switch {
	case in.kind == put:
		return fmt.Sprintf("put %s=%s", name, shown(in.value))
	case in.kind == remove:
		return "delete " + name
	case in.kind == revoke:
		return fmt.Sprintf("revoke lease %d of %s", in.lease, name)
	case in.expected != nil:
		return fmt.Sprintf("set %s=%s if it is %s", name, shown(in.value), *in.expected)
	}
	return fmt.Sprintf("set %s=%s if its revision is %d", name, shown(in.value), *in.expectedMod)
}

func (e *etcd) found(in input, out output) string {
	parts := []string{}
	for place, found := range out.found {
		if found == nil {
			parts = append(parts, "no "+e.names[in.keys[place]])
		} else {
			parts = append(parts, fmt.Sprintf("%s=%s@%d", found.Key, found.Value, found.Mod))
		}
	}
	return strings.Join(parts, ", ")
}

func shown(value string) string {
	if value == unseen {
		return "(a value that nobody saw)"
	}
	return value
}
