// The campaign's client uses a cluster while a schedule of changes and faults goes on, and records what it sees.
//
//	campaign-client BUNDLE HISTORY PREFIX SEED MEMBER...
//
// BUNDLE is a folder with ca.pem, client.pem and client-key.pem. HISTORY is a file in the format of
// campaign/history/records.py. All keys are under PREFIX, and must not exist before. SEED decides what the clients do,
// but not when.
//
// It reads orders from standard input, one JSON document a line, and answers each on one line: {"answer": ...} or
// {"problem": TEXT}.
//
//	{"order": "start"}                    workers, leases and watches begin. May come again after a stop.
//	{"order": "members", "names": [...]}  these are the members from now on
//	{"order": "stop"}                     workers and leases end; watches go on. Answers with the number of calls by
//	                                      operation and outcome, and with that of the leases that may live on.
//	{"order": "stores", "names": [...]}   after a stop: what each member has. Waits until it has caught up.
//	{"order": "watched", "revision": N}   waits until each watch has seen N, then ends the watches. Answers which have
//	                                      not seen it.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"localcloud/lifecycle-client/bundle"
)

type order struct {
	Order    string   `json:"order"`
	Names    []string `json:"names"`
	Revision int64    `json:"revision"`
}

func main() {
	if len(os.Args) < 6 {
		fail("usage: campaign-client BUNDLE HISTORY PREFIX SEED MEMBER...")
	}
	seed, err := strconv.ParseUint(os.Args[4], 10, 64)
	if err != nil {
		fail(err)
	}
	record, err := newRecorder(os.Args[2])
	if err != nil {
		fail(err)
	}
	work, err := newWorkload(bundle.Bundle(os.Args[1]), record, os.Args[3], seed, os.Args[5:])
	if err != nil {
		fail(err)
	}
	obey(work)
}

func fail(reason any) {
	fmt.Fprintln(os.Stderr, reason)
	os.Exit(1)
}

// obey answers orders until standard input ends.
func obey(work *workload) {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		document := map[string]any{}
		answer, err := answerTo(lines.Bytes(), work)
		if err != nil {
			document["problem"] = err.Error()
		} else {
			document["answer"] = answer
		}
		text, err := json.Marshal(document)
		if err != nil {
			panic(err)
		}
		fmt.Println(string(text))
	}
}

func answerTo(line []byte, work *workload) (any, error) {
	var given order
	if err := json.Unmarshal(line, &given); err != nil {
		return nil, err
	}
	switch given.Order {
	case "start":
		return nil, work.start()
	case "members":
		return nil, work.setMembers(given.Names)
	case "stop":
		return work.stop(), nil
	case "stores":
		return work.stores(given.Names)
	case "watched":
		return work.watched(given.Revision), nil
	}
	return nil, fmt.Errorf("unknown order %s", given.Order)
}
