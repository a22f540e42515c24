package main

import (
	"math"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metricsclient "k8s.io/kubernetes/pkg/controller/podautoscaler/metrics"

	"evenkeel.dev/referee/upstream"
)

// upstreamView is the step as the metrics APIs tell it: they know no age, and cannot say what is no number.
func (l *life) upstreamView() *view {
	v := &view{pods: l.pods, totals: map[string][]int64{}, perPod: map[string]metricsclient.PodMetricsInfo{}}
	for i := range l.metrics {
		m := &l.metrics[i]
		read := l.readings[m.name]
		if read.failed {
			continue
		}
		v.add(m, l.now, read.samples)
	}
	return v
}

// add puts samples under their metric. What is no number makes a total an error, and one pod's sample missing.
func (v *view) add(m *metric, now time.Time, samples []sample) {
	if m.ofPods() {
		found := metricsclient.PodMetricsInfo{}
		for _, one := range samples {
			if finite(one.value) {
				found[one.pod] = metricsclient.PodMetric{Timestamp: one.at, Window: one.window, Value: milliOf(one.value)}
			}
		}
		v.perPod[m.key()] = found
		return
	}
	values := make([]int64, 0, len(samples))
	for _, one := range samples {
		if !finite(one.value) {
			return
		}
		values = append(values, milliOf(one.value))
	}
	v.totals[m.name] = values
}

func finite(value float64) bool { return !math.IsNaN(value) && !math.IsInf(value, 0) }

// quality is what "Signals" of docs/decision.md makes of a reading, beyond what upstream would see in it.
type quality struct {
	partial bool // may raise, not lower
	differs bool // upstream sees other samples, or none where there are some
	usable  bool
	empty   bool  // nothing has been measured, and nothing has failed
	milli   int64 // the sum, of metrics that are not of pods
}

// evenkeelView is the step as Evenkeel computes with it for one metric: after the classification of signals (difference 2)
// and, during a roll-out, without the pods that do not serve (difference 4).
func (l *life) evenkeelView(m *metric) (*view, quality) {
	v := &view{pods: l.pods, totals: map[string][]int64{}, perPod: map[string]metricsclient.PodMetricsInfo{}}
	read := l.readings[m.name]
	kept, changed := l.usable(m, read.samples)
	q := quality{partial: len(kept) < len(read.samples), differs: changed}
	if m.ofPods() {
		q.partial = q.partial || l.mostUnseen(kept)
	} else {
		q.partial = q.partial || l.fewContributors(kept)
	}
	q.usable, q.empty = !read.failed && len(kept) > 0, !read.failed && len(read.samples) == 0
	for _, one := range kept {
		q.milli += milliOf(one.value)
	}
	if l.rollout {
		v.pods = l.duringRollout(m)
	}
	if !read.failed {
		v.add(m, l.now, kept)
	}
	return v, q
}

// duringRollout leaves the pods from which a roll-out may be sized; for metrics of pods those that do not serve are to
// upstream as if they were being deleted, which it ignores.
func (l *life) duringRollout(m *metric) []*v1.Pod {
	var staying []*v1.Pod
	serving := int32(0)
	for _, pod := range l.pods {
		switch {
		case m.ofPods() && !serves(pod):
			pod = pod.DeepCopy()
			pod.DeletionTimestamp = &metav1.Time{Time: l.now}
		case !m.ofPods() && serves(pod):
			if serving++; serving > l.world.scale.Spec.Replicas {
				continue
			}
		}
		staying = append(staying, pod)
	}
	return staying
}

// existing is the number of pods that AverageValue compares with.
func (l *life) existing() int32 {
	if l.sleeps && l.world.scale.Spec.Replicas == 0 {
		return 0 // asleep, no tolerance stands between a load and its replicas
	}
	if l.rollout {
		return min(l.status, l.world.scale.Spec.Replicas)
	}
	return l.status
}

func (l *life) arithmetic(m *metric) podautoscaler.Rules {
	rules := podautoscaler.Rules{Saturate: true}
	if l.rollout && m.ofPods() {
		rules.Planned = int(l.world.scale.Spec.Replicas)
	}
	return rules
}

// usable drops the samples that are bad by themselves. `changed`: upstream would compute with something else.
func (l *life) usable(m *metric, samples []sample) (kept []sample, changed bool) {
	for _, one := range samples {
		if one.at.After(l.now) {
			one.at = l.now
			changed = true
		}
		if one.at.Before(l.now.Add(-m.maxAge)) || !finite(one.value) {
			changed = true
			continue
		}
		if one.value < 0 {
			one.value = 0
			changed = true
		}
		kept = append(kept, one)
	}
	return kept, changed
}

// mostUnseen: more than half of the serving pods have no sample; those ready for less than a window are not expected.
func (l *life) mostUnseen(samples []sample) bool {
	seen := map[string]bool{}
	window := time.Duration(0)
	for _, one := range samples {
		seen[one.pod] = true
		window = max(window, one.window)
	}
	expected, unseen := 0, 0
	for _, pod := range l.pods {
		if !l.expected(pod, window) && !seen[pod.Name] || !serves(pod) || pod.DeletionTimestamp != nil {
			continue
		}
		expected++
		if !seen[pod.Name] {
			unseen++
		}
	}
	return 2*unseen > expected
}

func (l *life) expected(pod *v1.Pod, window time.Duration) bool {
	condition := readiness(pod)
	return condition == nil || !condition.LastTransitionTime.Add(window).After(l.now)
}

// fewContributors: fewer than 90 % of the ready endpoints are behind the value, where that is known of all samples.
func (l *life) fewContributors(samples []sample) bool {
	sum := int64(0)
	for _, one := range samples {
		if one.contributors == nil {
			return false
		}
		sum += int64(*one.contributors)
	}
	return len(samples) > 0 && sum*10 < int64(l.ready)*9
}
