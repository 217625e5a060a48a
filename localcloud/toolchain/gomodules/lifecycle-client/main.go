// The lifecycle client uses a cluster as a kube-apiserver does: with etcd's clientv3, all endpoints, and for each
// resource a client of its own that writes, watches from a revision and keeps a lease alive.
//
//	lifecycle-client BUNDLE PREFIX MEMBER...
//
// BUNDLE is a folder with ca.pem, client.pem and client-key.pem. It reads orders from standard input, one JSON document
// a line, and answers each on one line: {"answer": ...} or {"problem": TEXT}.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"localcloud/lifecycle-client/bundle"
)

// resources is the number of clients.
const resources = 3

const (
	// readyLimit is how long a period waits for the clients after an outage of the whole cluster.
	readyLimit = time.Minute
	// connected is how long members need for all connections. Without them all watches would be on one member.
	connected = 200 * time.Millisecond
)

type order struct {
	Order string `json:"order"`
}

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: lifecycle-client BUNDLE PREFIX MEMBER...")
		os.Exit(2)
	}
	files, prefix, members := bundle.Bundle(os.Args[1]), os.Args[2], os.Args[3:]
	ledger, used := newLedger(), []*resource{}
	for number := range resources {
		one, err := newResource(files, fmt.Sprintf("%s/%d/", prefix, number), number, members, ledger)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		used = append(used, one)
	}
	time.Sleep(connected)
	for _, one := range used {
		one.start()
	}
	obey(ledger, used)
}

// obey answers orders until standard input ends.
func obey(ledger *ledger, used []*resource) {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		text, err := json.Marshal(answerTo(lines.Bytes(), ledger, used))
		if err != nil {
			panic(err)
		}
		fmt.Println(string(text))
	}
}

func answerTo(line []byte, ledger *ledger, used []*resource) map[string]any {
	var given order
	if err := json.Unmarshal(line, &given); err != nil {
		return map[string]any{"problem": err.Error()}
	}
	switch given.Order {
	case "mark":
		deadline := time.Now().Add(readyLimit)
		for _, one := range used {
			if !one.ready(deadline) {
				return map[string]any{"problem": one.prefix + " neither writes nor sees its writes, or has no lease"}
			}
		}
		ledger.mark()
		for _, one := range used {
			one.mark()
		}
		return map[string]any{"answer": nil}
	case "report":
		total := ledger.report()
		for _, one := range used {
			total.add(one.report())
		}
		return map[string]any{"answer": total}
	}
	return map[string]any{"problem": "unknown order " + given.Order}
}
