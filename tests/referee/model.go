package main

import (
	"math"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"evenkeel.dev/referee/upstream"
)

// The deliberate differences of docs/decision.md. Each is a rule that says exactly what Evenkeel then decides; the model
// below computes it from the inputs, with upstream's own arithmetic for what is upstream's.
type rule string

const (
	wholePercentages rule = "1 percentages of policies in whole numbers"
	qualityOfSignals rule = "2 quality of signals"
	memoryOfRestart  rule = "3 memory survives a restart"
	rollouts         rule = "4 roll-out: only pods that serve, no surge"
	eventsAreKept    rule = "5 scale events are kept for the longest period"
	countsSaturate   rule = "6 counts saturate"
	noReadyPod       rule = "7 with no ready pod the count does not fall"
	fromAndToZero    rule = "8 from and to zero"
	changesThatWeSee rule = "time: a change counts once it is seen"
	longestUnseen         = 60 * time.Second
)

var rules = []rule{wholePercentages, qualityOfSignals, memoryOfRestart, rollouts, eventsAreKept, countsSaturate,
	noReadyPod, fromAndToZero, changesThatWeSee}

// model is what Evenkeel has to remember of one life.
type model struct {
	recommendations []podautoscaler.Recommendation
	events          []podautoscaler.Event
	pending         *pendingChange
	last            *int32         // the last decided total
	made            *pendingChange // the last decision; nil: none yet
	idleSince       *time.Time
}

type pendingChange struct {
	at       time.Time
	from, to int32
}

// expectation is what Evenkeel must decide in one step.
type expectation struct {
	count      int32
	proposals  []podautoscaler.Proposal // of each metric
	stabilised *int32                   // nil: the metrics were not asked, or could not be used
	rules      map[rule]bool            // what makes this step differ from upstream's, if it does
}

// see takes in the count that the snapshot shows. `written`: upstream's last write has reached the cluster.
// It returns whether Evenkeel now believes in other events than upstream.
func (m *model) see(now time.Time, shown int32, written bool) (differs bool) {
	pending := m.pending
	if pending == nil {
		return false
	}
	switch {
	case shown == pending.to:
		m.events = append(m.events, podautoscaler.Event{At: pending.at, Change: pending.to - pending.from})
		m.pending = nil
		return !written
	case shown == pending.from:
		if now.Sub(pending.at) > longestUnseen { // it was never made
			m.last, m.made, m.pending = &pending.from, &pendingChange{now, pending.from, pending.from}, nil
		}
		return written
	default:
		m.pending = nil
		return written
	}
}

// restore is the start of a new leader with the memory of the object's status.
func (m *model) restore(now time.Time, shown int32) {
	last := m.last
	if m.pending != nil {
		last = &m.pending.from
	}
	if last != nil && *last != shown {
		m.events = append(m.events, podautoscaler.Event{At: now, Change: shown - *last})
	}
	if m.pending == nil {
		m.last = &shown
	}
	m.recommendations = append(m.recommendations, podautoscaler.Recommendation{At: now, Replicas: shown})
}

// decide computes the step. `ours` are the proposals of upstream's arithmetic on what Evenkeel sees.
func (m *model) decide(l *life, ours []podautoscaler.Proposal, qualities []quality) expectation {
	current := l.world.scale.Spec.Replicas
	minimum, maximum := *l.world.hpa.Spec.MinReplicas, l.world.hpa.Spec.MaxReplicas
	e := expectation{count: current, proposals: ours, rules: map[rule]bool{}}
	if l.sleeps {
		e.rules[fromAndToZero] = true
	}
	off := current == 0 && m.switchedOff(l)
	if l.restart == bothWithMemory && !off {
		m.restore(l.now, current)
	}
	if len(m.recommendations) == 0 {
		m.recommendations = []podautoscaler.Recommendation{{At: l.now, Replicas: current}}
	}
	idle := !off && m.idle(l, qualities)
	switch {
	case off:
		return e
	case current == 0:
		m.wake(l, ours, qualities, &e)
	case current > maximum:
		e.count = maximum
	case current < minimum:
		e.count = minimum
	default:
		if l.rollout {
			e.rules[rollouts] = true
		}
		for i := range ours {
			if ours[i].Overflowed {
				e.rules[countsSaturate] = true
			}
			if qualities[i].differs || qualities[i].partial {
				e.rules[qualityOfSignals] = true
			}
		}
		if asked, ok := combine(l, ours, qualities, idle); ok {
			m.follow(l, asked, idle, &e)
		}
	}
	m.last = &e.count
	m.made = &pendingChange{l.now, current, e.count}
	m.pending = nil
	if e.count != current {
		m.pending = &pendingChange{l.now, current, e.count}
	}
	return e
}

// combine is the maximum over the metrics; one that cannot be used, or is partial and asks for less, forbids a fall.
func combine(l *life, proposals []podautoscaler.Proposal, qualities []quality, idle bool) (asked int32, ok bool) {
	current := l.world.scale.Spec.Replicas
	invalid := 0
	for i, proposal := range proposals {
		if idle && l.metrics[i].activation != nil && qualities[i].empty {
			continue
		}
		if proposal.Err != nil || qualities[i].partial && proposal.Replicas < current {
			invalid++
			continue
		}
		asked = max(asked, proposal.Replicas)
	}
	return asked, invalid < len(proposals) && (invalid == 0 || asked >= current)
}

// follow stabilises what the metrics ask for, and holds it to policies and bounds.
func (m *model) follow(l *life, asked int32, idle bool, e *expectation) {
	current := l.world.scale.Spec.Replicas
	if asked < current && l.ready == 0 {
		asked = current
		e.rules[noReadyPod] = true
	}
	if l.sleeps {
		asked = max(asked, 1)
	}
	behavior := l.world.hpa.Spec.Behavior
	lowest, highest := asked, asked
	for _, r := range m.recommendations {
		if r.At.After(l.now.Add(-window(behavior.ScaleUp, 0))) {
			lowest = min(lowest, r.Replicas)
		}
		if r.At.After(l.now.Add(-window(behavior.ScaleDown, settings().DownscaleStabilisation))) {
			highest = max(highest, r.Replicas)
		}
	}
	m.recommendations = append(m.recommendations, podautoscaler.Recommendation{At: l.now, Replicas: asked})
	stabilised := min(max(current, lowest), highest)
	e.stabilised = new(stabilised)
	if idle && asked <= 1 && stabilised <= 1 && l.ready > 0 {
		stabilised = 0
	}
	switch {
	case stabilised > current:
		limit := max(m.limit(l, behavior.ScaleUp, true, e), current)
		e.count = min(stabilised, limit, l.world.hpa.Spec.MaxReplicas)
	case stabilised < current:
		limit := min(m.limit(l, behavior.ScaleDown, false, e), current)
		e.count = max(stabilised, limit, *l.world.hpa.Spec.MinReplicas)
	}
}

func window(rules *autoscalingv2.HPAScalingRules, fallback time.Duration) time.Duration {
	if rules.StabilizationWindowSeconds == nil {
		return fallback
	}
	return seconds(*rules.StabilizationWindowSeconds)
}

func seconds(n int32) time.Duration { return time.Duration(n) * time.Second }

func (m *model) changeWithin(now time.Time, period int32) int32 {
	sum := int32(0)
	for _, event := range m.events {
		if event.At.After(now.Add(-seconds(period))) {
			sum += event.Change
		}
	}
	return sum
}

// limit is how far the policies of one direction let the count go.
func (m *model) limit(l *life, behaviour *autoscalingv2.HPAScalingRules, up bool, e *expectation) int32 {
	current := l.world.scale.Spec.Replicas
	if *behaviour.SelectPolicy == autoscalingv2.DisabledPolicySelect {
		return current
	}
	higher := up == (*behaviour.SelectPolicy == autoscalingv2.MaxChangePolicySelect)
	limit := int64(math.MaxInt32)
	if higher {
		limit = math.MinInt32
	}
	for _, policy := range behaviour.Policies {
		start := int64(current - m.changeWithin(l.now, policy.PeriodSeconds))
		allowed := proposal(policy, start, up)
		if allowed != int64(inFloats(policy, start, up)) {
			e.rules[wholePercentages] = true
		}
		if higher {
			limit = max(limit, allowed)
		} else {
			limit = min(limit, allowed)
		}
	}
	return int32(max(limit, 0))
}

func proposal(policy autoscalingv2.HPAScalingPolicy, start int64, up bool) int64 {
	value := int64(policy.Value)
	switch {
	case policy.Type == autoscalingv2.PodsScalingPolicy && up:
		return start + value
	case policy.Type == autoscalingv2.PodsScalingPolicy:
		return start - value
	case up:
		return ceilDiv(start*(100+value), 100)
	default:
		return start * (100 - value) / 100
	}
}

func ceilDiv(a, b int64) int64 {
	if a > 0 {
		return (a + b - 1) / b
	}
	return a / b
}

// inFloats is proposal() as upstream computes it.
func inFloats(policy autoscalingv2.HPAScalingPolicy, start int64, up bool) int32 {
	if policy.Type == autoscalingv2.PodsScalingPolicy {
		return int32(proposal(policy, start, up))
	}
	if up {
		return int32(math.Ceil(float64(start) * (1 + float64(policy.Value)/100)))
	}
	return int32(float64(start) * (1 - float64(policy.Value)/100))
}
