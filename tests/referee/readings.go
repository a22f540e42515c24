package main

import (
	"math"
	"strconv"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// reading is what the source of one metric answers in one step.
type reading struct {
	failed  bool
	samples []sample
}

type sample struct {
	pod          string // of metrics of pods
	value        float64
	at           time.Time
	window       time.Duration
	contributors *int32
}

// milliOf is a value as its shortest decimal, rounded up to a thousandth: what a quantity of upstream holds.
func milliOf(value float64) int64 {
	if whole := math.Round(value * 1000); math.Abs(whole) < 1<<53 && whole/1000 == value {
		return int64(whole)
	}
	quantity := resource.MustParse(strconv.FormatFloat(value, 'f', -1, 64))
	return quantity.MilliValue()
}

func (l *life) measure(m *metric) reading {
	l.spoils = 0
	if l.chance(0.06) {
		l.spoils = pick(l, 0.02, 0.3)
	}
	switch {
	case l.chance(0.05):
		return reading{failed: true}
	case l.chance(0.02):
		return reading{}
	case m.ofPods():
		return reading{samples: l.samplesOfPods(m)}
	}
	base := float64(m.targetMilli)
	if m.target.Value == nil {
		base *= float64(max(1, l.status))
	}
	total := base * l.factor()
	if l.sleeps && l.chance(0.6) { // nights are long
		total = 0
	}
	if l.chance(0.01) {
		total = min(base*1e10, 1e17) // more replicas than a count can hold
	}
	parts := 1
	if m.kind == external {
		parts = pick(l, 1, 1, 1, 2, 3)
	}
	samples := make([]sample, 0, parts)
	for range parts {
		samples = append(samples, sample{value: l.value(total / float64(parts)), at: l.sampled(m), window: time.Minute})
	}
	if l.chance(0.05) {
		samples[0].contributors = new(l.between(0, l.ready+1))
	}
	return reading{samples: samples}
}

// factor is how far the load is from what the count is sized for: near the tolerances, or anywhere.
func (l *life) factor() float64 {
	return pick(l, 1, 1.1, 0.9, 1.05, 0.95, 1.5, 0.5, 1.3, 0.7, 0.5+l.random.Float64(), 0.5+l.random.Float64(),
		l.random.Float64()*3, 0.8+0.4*l.random.Float64(), 0)
}

// value turns thousandths into a value: mostly whole ones, as the adapters of upstream's metrics APIs hand over.
func (l *life) value(milli float64) float64 {
	switch {
	case l.chance(l.spoils):
		return pick(l, math.NaN(), math.Inf(1), math.Inf(-1))
	case l.chance(l.spoils):
		return -math.Trunc(milli) / 1000
	case l.chance(0.1):
		return milli / 1000
	default:
		return math.Trunc(milli) / 1000
	}
}

// sampled is when a sample was taken: lately, or too long ago, or by a clock that is ahead.
func (l *life) sampled(m *metric) time.Time {
	switch {
	case l.chance(l.spoils):
		return l.now.Add(-m.maxAge - pick(l, time.Duration(1), time.Second, time.Hour))
	case l.chance(0.01):
		return l.now.Add(-m.maxAge)
	case l.chance(l.spoils):
		return l.now.Add(time.Duration(l.between(1, 60)) * time.Second)
	default:
		return l.now.Add(-time.Duration(l.between(0, 30)) * time.Second)
	}
}

func (l *life) samplesOfPods(m *metric) []sample {
	missing := pick(l, 0, 0, 0, 0.1, 0.3, 0.7)
	factor, spread := l.factor(), pick(l, 0, 0, 0.4)
	window := pick(l, 15*time.Second, 30*time.Second, time.Minute)
	samples := make([]sample, 0, len(l.pods))
	for _, pod := range l.pods {
		if l.chance(missing) {
			continue
		}
		milli := l.usual(m, pod) * factor * (1 + spread*(l.random.Float64()-0.5))
		one := sample{pod: pod.Name, value: l.value(milli), at: l.sampled(m), window: window}
		if condition := readiness(pod); condition != nil && l.chance(0.1) {
			// About a window after the pod became ready.
			at := condition.LastTransitionTime.Add(window + pick(l, time.Duration(-1), 0, 1))
			if !at.After(l.now) && !at.Before(l.now.Add(-m.maxAge)) {
				one.at = at
			}
		}
		samples = append(samples, one)
	}
	if l.chance(0.02) || len(l.pods) == 0 && l.chance(0.5) { // a pod that is gone
		samples = append(samples,
			sample{pod: "gone", value: l.value(float64(m.targetMilli) * factor), at: l.now, window: window})
	}
	return samples
}

// usual is what one pod uses when it is exactly on target, in thousandths.
func (l *life) usual(m *metric, pod *v1.Pod) float64 {
	if m.target.AverageUtilization == nil {
		return float64(m.targetMilli)
	}
	request := int64(0)
	for _, container := range pod.Spec.Containers {
		if m.container == "" || m.container == container.Name {
			request += container.Resources.Requests.Name(m.resource, resource.DecimalSI).MilliValue()
		}
	}
	if m.container == "" && pod.Spec.Resources != nil {
		if own, ok := pod.Spec.Resources.Requests[m.resource]; ok {
			request = own.MilliValue()
		}
	}
	return float64(request) * float64(*m.target.AverageUtilization) / 100
}
