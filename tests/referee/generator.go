package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// life is one object from its first sight to its end: a spec, and a state that each step moves on.
type life struct {
	random *rand.Rand
	uid    string
	now    time.Time
	world  world
	target float64 // of the metric, in its own unit

	status  int32 // replicas that exist
	ready   int32 // of those, ready
	reading *float64

	declared autoscalingv2.HorizontalPodAutoscalerBehavior // as the user wrote it, before defaults
}

func newLife(seed, number uint64) *life {
	l := &life{
		random: rand.New(rand.NewPCG(seed, number)),
		uid:    fmt.Sprintf("%d-%d", seed, number),
		now:    time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	l.world.hpa = l.newHPA()
	start := l.between(*l.world.hpa.Spec.MinReplicas, l.world.hpa.Spec.MaxReplicas)
	if l.chance(0.05) {
		start = l.between(0, l.world.hpa.Spec.MaxReplicas+3)
	}
	l.world.scale.Spec.Replicas = start
	l.world.scale.Status.Selector = "app=shop"
	l.status, l.ready = start, start
	return l
}

func (l *life) chance(p float64) bool         { return l.random.Float64() < p }
func (l *life) between(low, high int32) int32 { return low + l.random.Int32N(high-low+1) }

func pick[T any](l *life, of ...T) T { return of[l.random.IntN(len(of))] }

func (l *life) newHPA() *autoscalingv2.HorizontalPodAutoscaler {
	minimum := l.between(1, 4)
	maximum := minimum + l.between(0, pick(l, int32(3), 20, 200))
	targets := []string{"1", "50", "0.25", "100m", "7", "33333m", "1k", "250m", "3"}
	text := pick(l, targets...)
	quantity := resource.MustParse(text)
	l.target = float64(quantity.MilliValue()) / 1000
	target := autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: &quantity}
	if l.chance(0.4) {
		target = autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: &quantity}
	}
	return &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: name},
			MinReplicas:    &minimum,
			MaxReplicas:    maximum,
			Metrics: []autoscalingv2.MetricSpec{{
				Type: autoscalingv2.ExternalMetricSourceType,
				External: &autoscalingv2.ExternalMetricSource{
					Metric: autoscalingv2.MetricIdentifier{Name: "load"},
					Target: target,
				},
			}},
			Behavior: &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleUp: l.newRules(), ScaleDown: l.newRules()},
		},
	}
}

// newRules leaves out at random what the API server defaults.
func (l *life) newRules() *autoscalingv2.HPAScalingRules {
	if l.chance(0.15) {
		return nil
	}
	rules := &autoscalingv2.HPAScalingRules{}
	if l.chance(0.8) {
		rules.StabilizationWindowSeconds = new(pick(l, int32(0), 0, 5, 30, 60, 300))
	}
	if l.chance(0.6) {
		rules.SelectPolicy = new(pick(l, autoscalingv2.MaxChangePolicySelect, autoscalingv2.MaxChangePolicySelect,
			autoscalingv2.MinChangePolicySelect, autoscalingv2.MinChangePolicySelect, autoscalingv2.DisabledPolicySelect))
	}
	if l.chance(0.8) {
		for range l.between(1, 3) {
			rules.Policies = append(rules.Policies, l.newPolicy())
		}
	}
	if l.chance(0.4) {
		rules.Tolerance = new(resource.MustParse(pick(l, "0", "0.05", "0.1", "0.5", "20m", "1")))
	}
	return rules
}

func (l *life) newPolicy() autoscalingv2.HPAScalingPolicy {
	period := pick(l, int32(1), 5, 15, 15, 60, 120, 600)
	if l.chance(0.5) {
		return autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PodsScalingPolicy, Value: l.between(1, 12), PeriodSeconds: period}
	}
	return autoscalingv2.HPAScalingPolicy{
		Type: autoscalingv2.PercentScalingPolicy, Value: pick(l, int32(1), 10, 25, 50, 90, 100, 200, l.between(1, 150)),
		PeriodSeconds: period,
	}
}

// step moves the state on, as time, users, the scheduler and the load would.
func (l *life) step() {
	l.now = l.now.Add(l.pause())
	if l.chance(0.03) { // somebody scales by hand
		l.world.scale.Spec.Replicas = l.between(0, l.world.hpa.Spec.MaxReplicas+3)
	}
	if l.chance(0.02) { // somebody edits the bounds
		l.world.hpa.Spec.MaxReplicas = *l.world.hpa.Spec.MinReplicas + l.between(0, 40)
	}
	l.status = l.world.scale.Spec.Replicas
	if l.chance(0.2) { // pods come and go later than the count
		l.status = max(0, l.status+l.between(-2, 2))
	}
	l.ready = l.status
	if l.chance(0.3) {
		l.ready = l.between(0, l.status)
	}
	l.world.scale.Status.Replicas = l.status
	l.world.pods = pods(l.ready, l.status)
	l.measure()
}

func (l *life) pause() time.Duration {
	switch {
	case l.chance(0.7):
		return time.Duration(l.between(1, 20)) * time.Second
	case l.chance(0.5):
		return time.Duration(l.between(1, 30_000)) * time.Millisecond
	default:
		return time.Duration(l.between(20, 700)) * time.Second
	}
}

// measure draws a reading near what the service is sized for, or far off, or none.
func (l *life) measure() {
	l.world.external = map[string]int64{}
	l.reading = nil
	if l.chance(0.06) {
		return
	}
	factor := pick(l, 1.0, 1.1, 0.9, 0.5+l.random.Float64(), l.random.Float64()*3, 0, 1000)
	base := l.target
	if l.world.hpa.Spec.Metrics[0].External.Target.Type == autoscalingv2.AverageValueMetricType {
		base *= float64(max(1, l.status))
	}
	// Whole thousandths: what the adapters of the external metrics API hand over.
	milli := int64(base * factor * 1000)
	value := float64(milli) / 1000
	l.world.external["load"] = milli
	l.reading = &value
}

func pods(ready, total int32) []*v1.Pod {
	list := make([]*v1.Pod, 0, total)
	for i := range total {
		status := v1.ConditionFalse
		if i < ready {
			status = v1.ConditionTrue
		}
		list = append(list, &v1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprintf("shop-%d", i), Labels: map[string]string{"app": "shop"}},
			Status: v1.PodStatus{Phase: v1.PodRunning, Conditions: []v1.PodCondition{{Type: v1.PodReady, Status: status}}},
		})
	}
	return list
}
