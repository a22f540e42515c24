package main

import "evenkeel.dev/referee/upstream"

// switchedOff: the count of 0 is not Evenkeel's own. At first sight, where the minimum is 0, it is taken for its own.
func (m *model) switchedOff(l *life) bool {
	if m.made == nil {
		return !l.sleeps
	}
	return m.made.from != 0 && m.made.to != 0
}

func (m *metric) wakes(q quality) bool { return q.usable && q.milli > m.activation.MilliValue() }

// idle: all metrics with an activation have been known and not above it for as long as the spec asks for.
func (m *model) idle(l *life, qualities []quality) bool {
	quiet := l.sleeps
	for i := range l.metrics {
		one, q := &l.metrics[i], qualities[i]
		if one.activation == nil {
			continue
		}
		known := q.usable && !q.partial || q.empty
		quiet = quiet && known && !one.wakes(q)
	}
	if !quiet {
		m.idleSince = nil
		return false
	}
	if m.idleSince == nil || l.restart == bothWithMemory {
		m.idleSince = new(l.now)
	}
	return !m.idleSince.After(l.now.Add(-l.idleAfter))
}

// wake decides at 0: what a metric above its activation asks for, within the bounds and outside the policies.
func (m *model) wake(l *life, proposals []podautoscaler.Proposal, qualities []quality, e *expectation) {
	asked := int32(0)
	for i := range l.metrics {
		if l.metrics[i].activation != nil && l.metrics[i].wakes(qualities[i]) && proposals[i].Err == nil {
			asked = max(asked, proposals[i].Replicas, 1)
		}
	}
	if asked == 0 {
		return
	}
	e.count = min(asked, l.world.hpa.Spec.MaxReplicas)
	m.recommendations = append(m.recommendations, podautoscaler.Recommendation{At: l.now, Replicas: e.count})
}
