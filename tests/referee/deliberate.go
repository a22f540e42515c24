package main

import (
	"math"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"evenkeel.dev/referee/upstream"
)

// The deliberate differences of docs/decision.md, each as the exact count that Evenkeel must then decide. A difference that
// none of them predicts to the replica is a fault.

type event struct {
	at     time.Time
	change int32 // signed
}

// eventLog is every change so far: nothing is forgotten, unlike in upstream (difference 5).
type eventLog []event

func (e *eventLog) add(at time.Time, from, to int32) {
	if from != to {
		*e = append(*e, event{at, to - from})
	}
}

// startOfPeriod is the count before the changes of the last `period`.
func (e eventLog) startOfPeriod(now time.Time, period time.Duration, current int32) int32 {
	for _, change := range e {
		if change.at.After(now.Add(-period)) {
			current -= change.change
		}
	}
	return current
}

// deliberate names the rule that explains why Evenkeel may differ in this step, and what it must decide.
func deliberate(l *life, before, theirs int32, events eventLog) (expected int32, rule string) {
	if l.ready == 0 && theirs < before && before <= l.world.hpa.Spec.MaxReplicas {
		return before, "7: with no ready pod the count does not fall"
	}
	stabilised := podautoscaler.Observed.Stabilised
	if stabilised == nil {
		return 0, ""
	}
	exact := limited(l, *stabilised, before, events)
	if l.ready == 0 {
		exact = max(exact, before)
	}
	if exact != theirs {
		return exact, "1, 5: exact percentages over events that are not forgotten"
	}
	return 0, ""
}

// limited applies policies and bounds to a stabilised count in integers.
func limited(l *life, desired, current int32, events eventLog) int32 {
	switch {
	case desired > current:
		limit := max(limitOf(behaviorOf(l).ScaleUp, l.now, current, events, true), current)
		return min(desired, limit, l.world.hpa.Spec.MaxReplicas)
	case desired < current:
		limit := min(limitOf(behaviorOf(l).ScaleDown, l.now, current, events, false), current)
		return max(desired, limit, *l.world.hpa.Spec.MinReplicas)
	default:
		return current
	}
}

func limitOf(rules *autoscalingv2.HPAScalingRules, now time.Time, current int32, events eventLog, up bool) int32 {
	if *rules.SelectPolicy == autoscalingv2.DisabledPolicySelect {
		return current
	}
	takeHigher := up == (*rules.SelectPolicy == autoscalingv2.MaxChangePolicySelect)
	result := int32(math.MaxInt32)
	if takeHigher {
		result = math.MinInt32
	}
	for _, policy := range rules.Policies {
		start := int64(events.startOfPeriod(now, time.Duration(policy.PeriodSeconds)*time.Second, current))
		proposed := proposal(policy, start, up)
		if takeHigher {
			result = max(result, proposed)
		} else {
			result = min(result, proposed)
		}
	}
	return result
}

func proposal(policy autoscalingv2.HPAScalingPolicy, start int64, up bool) int32 {
	value := int64(policy.Value)
	switch {
	case policy.Type == autoscalingv2.PodsScalingPolicy && up:
		return int32(start + value)
	case policy.Type == autoscalingv2.PodsScalingPolicy:
		return int32(start - value)
	case up:
		return int32(ceilDiv(start*(100+value), 100))
	default:
		return int32(start * (100 - value) / 100)
	}
}

func ceilDiv(a, b int64) int64 {
	if a > 0 {
		return (a + b - 1) / b
	}
	return a / b
}
