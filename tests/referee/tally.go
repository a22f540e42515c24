package main

import (
	"fmt"
	"sort"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"evenkeel.dev/referee/upstream"
)

// tally counts how often each branch of upstream's arithmetic was taken: a comparison that never got there proves nothing.
type tally struct {
	steps      int
	branches   map[string]int
	deliberate map[string]int
}

// Every branch that a run must have taken.
var branches = []string{
	"disabled at 0", "above the maximum", "below the minimum", "metric invalid",
	"Value", "AverageValue", "within tolerance",
	"up", "down", "unchanged",
	"stabilised up", "stabilised down", "limited by a policy or bound",
	"select Min", "select Disabled", "no ready pod",
}

func newTally() *tally {
	counts := map[string]int{}
	for _, branch := range branches {
		counts[branch] = 0
	}
	return &tally{branches: counts, deliberate: map[string]int{}}
}

func (t *tally) count(l *life, before, theirs int32, upstreamError error) {
	t.steps++
	mark := func(branch string, taken bool) {
		if taken {
			t.branches[branch]++
		}
	}
	spec := l.world.hpa.Spec
	observed := podautoscaler.Observed
	mark("disabled at 0", before == 0)
	mark("above the maximum", before > spec.MaxReplicas)
	mark("below the minimum", before > 0 && before < *spec.MinReplicas)
	mark("metric invalid", upstreamError != nil)
	mark("up", theirs > before)
	mark("down", theirs < before)
	mark("unchanged", theirs == before)
	mark("no ready pod", l.ready == 0)
	if observed.Stabilised == nil {
		return
	}
	proposed, stabilised := *observed.Proposed, *observed.Stabilised
	isValue := spec.Metrics[0].External.Target.Type == autoscalingv2.ValueMetricType
	mark("Value", isValue)
	mark("AverageValue", !isValue)
	mark("within tolerance", proposed == before)
	mark("stabilised up", proposed > before && stabilised < proposed)
	mark("stabilised down", proposed < before && stabilised > proposed)
	mark("limited by a policy or bound", theirs != stabilised)
	rules := behaviorOf(l).ScaleUp
	if stabilised < before {
		rules = behaviorOf(l).ScaleDown
	}
	mark("select Min", stabilised != before && *rules.SelectPolicy == autoscalingv2.MinChangePolicySelect)
	mark("select Disabled", stabilised != before && *rules.SelectPolicy == autoscalingv2.DisabledPolicySelect)
}

func (t *tally) missing() []string {
	var none []string
	for _, branch := range branches {
		if t.branches[branch] == 0 {
			none = append(none, branch)
		}
	}
	return none
}

func (t *tally) print() {
	fmt.Printf("%d steps, no difference but the deliberate ones\n", t.steps)
	for _, branch := range branches {
		fmt.Printf("  %-32s %8d\n", branch, t.branches[branch])
	}
	rules := make([]string, 0, len(t.deliberate))
	for rule := range t.deliberate {
		rules = append(rules, rule)
	}
	sort.Strings(rules)
	for _, rule := range rules {
		fmt.Printf("  deliberate: %-60s %8d\n", rule, t.deliberate[rule])
	}
}
