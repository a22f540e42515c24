package main

import (
	"strconv"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

type kind int

const (
	external kind = iota
	object
	podsMetric
	resourceMetric
)

// metric is one metric of the spec, with what the generator needs to draw readings for it.
type metric struct {
	name        string
	kind        kind
	resource    v1.ResourceName
	container   string
	target      autoscalingv2.MetricTarget
	targetMilli int64
	maxAge      time.Duration
	activation  *resource.Quantity // nil: it wakes nobody
}

func (m *metric) ofPods() bool { return m.kind == podsMetric || m.kind == resourceMetric }

// key is the name under which a view holds its readings.
func (m *metric) key() string {
	if m.kind == resourceMetric {
		return string(m.resource) + "/" + m.container
	}
	return m.name
}

func (m *metric) spec() autoscalingv2.MetricSpec {
	id := autoscalingv2.MetricIdentifier{Name: m.name}
	switch {
	case m.kind == external:
		return autoscalingv2.MetricSpec{Type: autoscalingv2.ExternalMetricSourceType,
			External: &autoscalingv2.ExternalMetricSource{Metric: id, Target: m.target}}
	case m.kind == object:
		return autoscalingv2.MetricSpec{Type: autoscalingv2.ObjectMetricSourceType,
			Object: &autoscalingv2.ObjectMetricSource{Metric: id, Target: m.target}}
	case m.kind == podsMetric:
		return autoscalingv2.MetricSpec{Type: autoscalingv2.PodsMetricSourceType,
			Pods: &autoscalingv2.PodsMetricSource{Metric: id, Target: m.target}}
	case m.container == "":
		return autoscalingv2.MetricSpec{Type: autoscalingv2.ResourceMetricSourceType,
			Resource: &autoscalingv2.ResourceMetricSource{Name: m.resource, Target: m.target}}
	default:
		return autoscalingv2.MetricSpec{Type: autoscalingv2.ContainerResourceMetricSourceType,
			ContainerResource: &autoscalingv2.ContainerResourceMetricSource{
				Name: m.resource, Container: m.container, Target: m.target}}
	}
}

// amount is the target of a metric that is no metric of pods.
func (m *metric) amount() *resource.Quantity {
	if m.target.Value != nil {
		return m.target.Value
	}
	return m.target.AverageValue
}

// quantity is one as an API server hands it out: in its canonical form.
func quantity(text string) *resource.Quantity {
	parsed := resource.MustParse(text)
	canonical := resource.MustParse(parsed.String())
	return &canonical
}

func (l *life) newMetric(index int) metric {
	m := metric{name: "m" + strconv.Itoa(index), maxAge: pick(l, 120*time.Second, 120*time.Second, 30*time.Second)}
	m.kind = pick(l, l.kinds...)
	switch m.kind {
	case resourceMetric:
		m.resource = pick(l, v1.ResourceCPU, v1.ResourceCPU, v1.ResourceMemory)
		m.container = pick(l, "", "", "web")
		if l.chance(0.6) {
			percent := pick(l, int32(50), 60, 75, 80, 100, 1, 120, 250, l.between(1, 150))
			m.target = autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: &percent}
			return m
		}
		amount := quantity(pick(l, "250m", "500m", "1", "333m", "100u"))
		if m.resource == v1.ResourceMemory {
			amount = quantity(pick(l, "256Mi", "1Gi", "100M", "123456789"))
		}
		m.target = averageValue(amount)
		m.targetMilli = amount.MilliValue()
		return m
	}
	amount := quantity(pick(l, "1", "50", "0.25", "100m", "7", "33333m", "1k", "250m", "3", "1m", "0.3", "1500u", "10M"))
	m.targetMilli = amount.MilliValue()
	m.target = averageValue(amount)
	if m.kind != podsMetric && l.chance(0.45) {
		m.target = autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: amount}
	}
	return m
}

func averageValue(amount *resource.Quantity) autoscalingv2.MetricTarget {
	return autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: amount}
}

func (l *life) newHPA() *autoscalingv2.HorizontalPodAutoscaler {
	minimum := l.between(1, 4)
	maximum := minimum + l.between(0, pick(l, int32(3), 20, l.mostReplicas))
	count := pick(l, 1, 1, 2, 2, 3, 4)
	if totalsOnly {
		count = 1
	}
	taken := map[string]bool{}
	for len(l.metrics) < count {
		m := l.newMetric(len(l.metrics))
		if taken[m.key()] { // the resource metrics API knows no names: one metric for each resource and container
			count--
			continue
		}
		taken[m.key()] = true
		l.metrics = append(l.metrics, m)
	}
	if l.sleeps {
		minimum = 0
		for i := range l.metrics {
			if i == 0 || l.chance(0.5) {
				l.metrics[i].activation = pick(l, quantity("0"), l.metrics[i].amount(), quantity("1"))
			}
		}
	}
	specs := make([]autoscalingv2.MetricSpec, 0, len(l.metrics))
	for i := range l.metrics {
		specs = append(specs, l.metrics[i].spec())
	}
	return &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: name},
			MinReplicas:    &minimum,
			MaxReplicas:    maximum,
			Metrics:        specs,
			Behavior:       &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleUp: l.newRules(), ScaleDown: l.newRules()},
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
		rules.Tolerance = quantity(pick(l, "0", "0.05", "0.1", "0.5", "20m", "1", "0.3", "0.07", "0.29"))
	}
	return rules
}

func (l *life) newPolicy() autoscalingv2.HPAScalingPolicy {
	period := pick(l, int32(1), 5, 15, 15, 60, 120, 600)
	if l.chance(0.5) {
		return autoscalingv2.HPAScalingPolicy{
			Type: autoscalingv2.PodsScalingPolicy, Value: l.between(1, 12), PeriodSeconds: period}
	}
	return autoscalingv2.HPAScalingPolicy{
		Type: autoscalingv2.PercentScalingPolicy, Value: pick(l, int32(1), 10, 10, 25, 50, 80, 80, 90, 90, 100, 120, 120, 200, l.between(1, 150)),
		PeriodSeconds: period,
	}
}
