package main

import (
	"runtime"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// verdicts are the words of the report.
var verdicts = map[porcupine.CheckResult]string{
	porcupine.Ok: "ok", porcupine.Illegal: "illegal", porcupine.Unknown: "unknown",
}

// judgment is that of a partition which was not found to be linearizable.
type judgment struct {
	Keys       []string `json:"keys"`
	Verdict    string   `json:"verdict"`
	Operations int      `json:"operations"`
	// Ordered is how many operations can be put into an order at most.
	Ordered int `json:"ordered,omitempty"`
	// Stuck are the first operations that fit into no order after those.
	Stuck []string `json:"stuck,omitempty"`

	partition int
}

// judgeAll judges the partitions in parallel, and returns the judgments of those that are not linearizable, or that
// took too long.
func judgeAll(partitions []*partition, deadline time.Time) []judgment {
	results := make([]porcupine.CheckResult, len(partitions))
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	var running sync.WaitGroup
	for number, one := range partitions {
		running.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			results[number] = porcupine.Unknown
			if left := time.Until(deadline); left > 0 {
				results[number] = porcupine.CheckOperationsTimeout(one.model(one.initial()), one.operations, left)
			}
		})
	}
	running.Wait()
	failed := []judgment{}
	for number, one := range partitions {
		if results[number] != porcupine.Ok {
			failed = append(failed, judgment{
				Keys: one.names, Verdict: verdicts[results[number]], Operations: len(one.operations), partition: number,
			})
		}
	}
	return failed
}
