// The linearizability checker judges recorded histories of etcd's clients with porcupine.
//
//	linearizability-checker [-seconds N] [-memory MIB] [-picture FILE] HISTORY...
//
// Each HISTORY is the file of one client process: JSON documents, one a line, as campaign/history/records.py has them.
// Puts, deletes, transactions, and reads that are not serializable are judged; the revocations of leases and the
// events of watches help. The verdict is one JSON document on standard output. "unknown" means that time or memory was
// not enough: nothing is proven then.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/anishathalye/porcupine"
)

// memoryPoll is how often the checker looks at its memory.
const memoryPoll = 100 * time.Millisecond

// report is the document on standard output.
type report struct {
	Verdict    string     `json:"verdict"`
	Reason     string     `json:"reason,omitempty"`
	Operations int        `json:"operations"`
	Partitions int        `json:"partitions"`
	Failed     []judgment `json:"failed"`
	Seconds    float64    `json:"seconds"`
}

func main() {
	seconds := flag.Float64("seconds", 60, "the time after which the verdict is unknown")
	memory := flag.Uint64("memory", 3072, "the memory in MiB from which the verdict is unknown")
	picture := flag.String("picture", "", "write a page that shows the first partition that is not linearizable")
	flag.Parse()
	if flag.NArg() == 0 || *seconds <= 0 {
		fmt.Fprintln(os.Stderr, "usage: linearizability-checker [-seconds N] [-memory MIB] [-picture FILE] HISTORY...")
		os.Exit(2)
	}
	begun := time.Now()
	records, err := readHistories(flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	partitions := split(records)
	total := report{Verdict: verdicts[porcupine.Ok], Partitions: len(partitions), Failed: []judgment{}}
	for _, one := range partitions {
		total.Operations += len(one.operations)
	}
	// A quarter of the limit is for garbage.
	debug.SetMemoryLimit(int64(*memory) << 20)
	// The first figure is there after a collection only: a short check would end before it.
	runtime.GC()
	endIfTooLarge(*memory<<20, total, begun)
	go watchMemory(*memory<<20, total, begun)
	total.Failed = judgeAll(partitions, begun.Add(time.Duration(*seconds*float64(time.Second))))
	for _, one := range total.Failed {
		if one.Verdict == verdicts[porcupine.Illegal] || total.Verdict == verdicts[porcupine.Ok] {
			total.Verdict = one.Verdict
		}
	}
	if total.Verdict == verdicts[porcupine.Unknown] {
		total.Reason = fmt.Sprintf("%g s were not enough", *seconds)
	}
	if err := explain(partitions, total.Failed, *picture); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	total.Seconds = time.Since(begun).Seconds()
	total.print()
}

func (r report) print() {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(text))
}

// watchMemory looks at the memory until the program ends.
func watchMemory(limit uint64, total report, begun time.Time) {
	for {
		time.Sleep(memoryPoll)
		endIfTooLarge(limit, total, begun)
	}
}

// endIfTooLarge ends the checker with the verdict unknown before it takes the memory of other processes.
func endIfTooLarge(limit uint64, total report, begun time.Time) {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(samples)
	if samples[0].Value.Uint64() <= limit/4*3 {
		return
	}
	total.Verdict = verdicts[porcupine.Unknown]
	total.Reason = fmt.Sprintf("%d MiB were not enough", limit>>20)
	total.Seconds = time.Since(begun).Seconds()
	total.print()
	os.Exit(0)
}
