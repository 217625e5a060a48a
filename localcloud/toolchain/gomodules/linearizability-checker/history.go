package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
)

// Outcomes of calls.
const (
	okOutcome     = "ok"
	failedOutcome = "failed"
)

// record is one line of a history. The fields of all operations are in one, as far as they matter here.
type record struct {
	Client    string `json:"client"`
	Operation string `json:"operation"`

	Call    int    `json:"call"`
	Begin   int64  `json:"begin"`
	End     *int64 `json:"end"`
	Outcome string `json:"outcome"`

	Key          string  `json:"key"`
	Prefix       string  `json:"prefix"`
	Value        string  `json:"value"`
	Lease        int64   `json:"lease"`
	Serializable bool    `json:"serializable"`
	Expected     *string `json:"expected_value"`
	ExpectedMod  *int64  `json:"expected_mod_revision"`
	Answer       *answer `json:"answer"`

	// At and Events are those of a response to a watch.
	At     int64   `json:"at"`
	Events []event `json:"events"`
}

type answer struct {
	Revision  int64      `json:"revision"`
	Found     []keyValue `json:"found"`
	Succeeded bool       `json:"succeeded"`
	Deleted   int        `json:"deleted"`
}

type keyValue struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	Mod   int64  `json:"mod_revision"`
}

// event has no value if the key was deleted.
type event struct {
	Key   string  `json:"key"`
	Value *string `json:"value"`
	Mod   int64   `json:"mod_revision"`
}

func (r *record) ok() bool { return r.Outcome == okOutcome }

// isCall tells calls from observations: they alone have an outcome.
func (r *record) isCall() bool { return r.Outcome != "" }

// readHistories returns the records of all processes, each call once.
func readHistories(paths []string) ([]*record, error) {
	all := []*record{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		records, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, records...)
	}
	return all, nil
}

// parse returns the records of one process. Of a call that is there twice, the later record has the outcome. A last
// line without an end is left out if it is incomplete: its process was killed.
func parse(text []byte) ([]*record, error) {
	type identity struct {
		client string
		call   int
	}
	records, places := []*record{}, map[identity]int{}
	lines := bytes.Split(text, []byte("\n"))
	for number, line := range lines {
		var one record
		if err := json.Unmarshal(line, &one); err != nil {
			if number == len(lines)-1 {
				break
			}
			return nil, fmt.Errorf("line %d: %w", number+1, err)
		}
		if one.isCall() {
			key := identity{one.Client, one.Call}
			if place, twice := places[key]; twice {
				records[place] = &one
				continue
			}
			places[key] = len(records)
		}
		if one.ok() && (one.End == nil || (one.Answer == nil)) {
			return nil, fmt.Errorf("line %d: the outcome is ok, but there is no end or no answer", number+1)
		}
		records = append(records, &one)
	}
	return records, nil
}
