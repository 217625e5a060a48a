package main

import (
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/anishathalye/porcupine"
)

const (
	// explainLimit is how long the search for an explanation may take.
	explainLimit = 20 * time.Second
	// pictured is the number of operations before the failure that a picture has.
	pictured = 60
	// told is the number of stuck operations in a report.
	told = 5
)

// explain adds to the first illegal judgment which operations fit into no order, and draws a picture of them.
func explain(partitions []*partition, failed []judgment, picture string) error {
	for number := range failed {
		if failed[number].Verdict != verdicts[porcupine.Illegal] {
			continue
		}
		one := partitions[failed[number].partition]
		order, stuck := longest(one)
		failed[number].Ordered = len(order)
		for _, operation := range stuck[:min(told, len(stuck))] {
			failed[number].Stuck = append(failed[number].Stuck, one.text(operation))
		}
		if picture == "" {
			return nil
		}
		return draw(one, order, stuck, picture)
	}
	return nil
}

func (p *partition) text(operation porcupine.Operation) string {
	from := operation.Metadata.(origin)
	what := p.describe(operation.Input.(input), operation.Output.(output))
	return fmt.Sprintf("call %d of client %s, %s", from.call, from.client, what)
}

// longest returns the longest order of operations that is legal, and the others by their ends.
func longest(one *partition) ([]porcupine.Operation, []porcupine.Operation) {
	_, info := porcupine.CheckOperationsVerbose(one.model(one.initial()), one.operations, explainLimit)
	numbers := []int{}
	for _, partial := range info.PartialLinearizations()[0] {
		if len(partial) > len(numbers) {
			numbers = partial
		}
	}
	order, had := []porcupine.Operation{}, map[int]bool{}
	for _, number := range numbers {
		order, had[number] = append(order, one.operations[number]), true
	}
	others := []porcupine.Operation{}
	for number, operation := range one.operations {
		if !had[number] {
			others = append(others, operation)
		}
	}
	sort.SliceStable(others, func(i, j int) bool { return others[i].Return < others[j].Return })
	return order, others
}

// draw writes a page with the last operations of an order, and those around the first that does not fit.
//
// It begins with the state in which the earlier ones leave the store, and ends where the first stuck operation ends.
// If that part alone is legal, the page goes on to the end of the history.
func draw(one *partition, order, stuck []porcupine.Operation, path string) error {
	early := max(0, len(order)-pictured)
	model := one.model(one.initial())
	reached := model.Init()
	for _, operation := range order[:early] {
		_, reached = model.Step(reached, operation.Input, operation.Output)
	}
	later := slices.Concat(order[early:], stuck)
	near := []porcupine.Operation{}
	for _, operation := range later {
		if operation.Call <= stuck[0].Return {
			near = append(near, operation)
		}
	}
	model.Init = func() any { return reached }
	model.DescribeOperationMetadata = func(from any) string {
		return fmt.Sprintf("call %d of client %s", from.(origin).call, from.(origin).client)
	}
	result, info := porcupine.CheckOperationsVerbose(model, near, explainLimit)
	if result != porcupine.Illegal {
		_, info = porcupine.CheckOperationsVerbose(model, later, explainLimit)
	}
	return porcupine.VisualizePath(model, info, path)
}
