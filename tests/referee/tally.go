package main

import (
	"fmt"
	"io"

	"evenkeel.dev/referee/upstream"
)

// tally counts what a run has seen: a comparison that never got somewhere proves nothing there.
type tally struct {
	steps  int
	equal  int          // steps in which no rule was at work and all was as upstream's
	atWork map[rule]int // steps in which the rule was looked at
	apart  map[rule]int // of those, steps in which Evenkeel and upstream decided differently
}

func newTally() *tally { return &tally{atWork: map[rule]int{}, apart: map[rule]int{}} }

func (t *tally) step(e expectation, theirs int32) {
	t.steps++
	if len(e.rules) == 0 {
		t.equal++
	}
	for r := range e.rules {
		t.atWork[r]++
		if e.count != theirs {
			t.apart[r]++
		}
	}
}

// missing names the branches and rules that were never taken.
func (t *tally) missing() []string {
	var none []string
	for i, branch := range podautoscaler.Branches {
		if podautoscaler.Counts[i] == 0 {
			none = append(none, branch)
		}
	}
	for _, r := range rules {
		if t.apart[r] == 0 {
			none = append(none, string(r))
		}
	}
	return none
}

func (t *tally) print(out io.Writer) {
	fmt.Fprintf(out, "%d steps, no difference but the deliberate ones; %d of them without any rule at work\n", t.steps, t.equal)
	fmt.Fprintln(out, "deliberate differences: steps in which the rule was at work, and in which the counts differed")
	for _, r := range rules {
		fmt.Fprintf(out, "  %-56s %9d %9d\n", r, t.atWork[r], t.apart[r])
	}
	fmt.Fprintln(out, "branches of upstream's controller: how often taken")
	for i, branch := range podautoscaler.Branches {
		fmt.Fprintf(out, "  %-66s %9d\n", branch, podautoscaler.Counts[i])
	}
}
