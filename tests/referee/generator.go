package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	v1 "k8s.io/api/core/v1"
)

// life is one object from its first sight to its end: a spec, and a state that each step moves on.
type life struct {
	random *rand.Rand
	uid    string
	now    time.Time
	world  world

	// What stays the same for the whole life.
	kinds        []kind
	metrics      []metric
	mostReplicas int32
	listsPods    bool    // Evenkeel is shown the pods, not only their number
	trouble      float64 // how often something is wrong with a pod
	template     template
	sleeps       bool // its minimum is 0
	idleAfter    time.Duration
	declared     autoscalingv2.HorizontalPodAutoscalerBehavior // as the user wrote it, before defaults

	// The state of this step.
	pods     []*v1.Pod
	status   int32              // replicas that the scale's status names
	ready    int32              // pods that run and are ready
	readings map[string]reading // by metric name
	spoils   float64            // how often something is wrong with a sample of the reading that is drawn
	restart  restart
	rollout  bool

	service json.RawMessage // the object as Evenkeel reads it; nil after an edit
}

// restart is who forgets what before this step.
type restart int

const (
	nobody         restart = iota
	upstreamOnly           // the controller starts anew, Evenkeel goes on
	both                   // both start anew, Evenkeel without a memory
	bothWithMemory         // both start anew, Evenkeel with the memory of the object's status
)

// totalsOnly leaves out the metrics of pods.
var totalsOnly bool

func newLife(seed, number uint64) *life {
	l := &life{
		random: rand.New(rand.NewPCG(seed, number)),
		uid:    fmt.Sprintf("%d-%d", seed, number),
		now:    time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	l.kinds = pick(l, []kind{external}, []kind{external, object}, []kind{resourceMetric}, []kind{podsMetric},
		[]kind{external, object, podsMetric, resourceMetric, resourceMetric})
	if totalsOnly {
		l.kinds = []kind{external, object}
	}
	l.mostReplicas = 200
	l.trouble = pick(l, 0, 0.05, 0.3)
	l.template = l.newTemplate()
	for _, k := range l.kinds {
		if k == podsMetric || k == resourceMetric {
			l.mostReplicas = 20
		}
	}
	l.sleeps = len(l.kinds) == 1 && l.kinds[0] == external && l.chance(0.3)
	l.idleAfter = pick(l, 10*time.Second, time.Minute, 5*time.Minute)
	l.world.hpa = l.newHPA()
	l.listsPods = l.mostReplicas == 20 || l.chance(0.2)
	start := l.between(*l.world.hpa.Spec.MinReplicas, l.world.hpa.Spec.MaxReplicas)
	if l.chance(0.05) {
		start = l.between(0, l.world.hpa.Spec.MaxReplicas+3)
	}
	l.world.scale.Spec.Replicas = start
	l.world.scale.Status.Selector = "app=shop"
	return l
}

func (l *life) chance(p float64) bool         { return l.random.Float64() < p }
func (l *life) between(low, high int32) int32 { return low + l.random.Int32N(high-low+1) }

func pick[T any](l *life, of ...T) T { return of[l.random.IntN(len(of))] }

// step moves the state on, as time, users, the scheduler and the load would.
func (l *life) step(first bool) {
	l.now = l.now.Add(l.pause())
	l.world.written = false
	l.world.refuse = l.chance(0.03)
	l.restart = nobody
	if !first && l.chance(0.015) {
		l.restart = pick(l, upstreamOnly, both, bothWithMemory)
	}
	l.edit()
	l.draw()
	l.world.scale.Status.Replicas = l.status
	l.world.wanted = l.world.scale.Spec.Replicas
	l.readings = map[string]reading{}
	for i := range l.metrics {
		l.readings[l.metrics[i].name] = l.measure(&l.metrics[i])
	}
}

// edit is what people do: scale by hand, and change the bounds.
func (l *life) edit() {
	spec := &l.world.hpa.Spec
	if l.chance(0.03) {
		l.world.scale.Spec.Replicas = l.between(0, spec.MaxReplicas+3)
	}
	if l.chance(0.02) {
		minimum := l.between(1, 4)
		if l.sleeps {
			minimum = 0
		}
		spec.MinReplicas = &minimum
		spec.MaxReplicas = max(1, minimum) + l.between(0, min(40, l.mostReplicas))
		l.service = nil
	}
}

// draw makes the pods of this step: mostly as many as are wanted.
func (l *life) draw() {
	count := l.world.scale.Spec.Replicas
	if l.rollout {
		l.rollout = l.chance(0.7)
	} else {
		l.rollout = l.chance(0.03)
	}
	switch {
	case l.rollout && l.chance(0.7): // old and new pods side by side
		count += l.between(0, 1+count/3)
	case l.chance(0.15): // pods come and go later than the count
		count = max(0, count+l.between(-2, 2))
	case l.chance(0.06): // most are still missing
		count = l.between(0, count)
	case l.chance(0.01):
		count = 0
	}
	if l.mostReplicas > 20 && count > 30 {
		l.pods = plainPods(l.between(count/2, count), count)
	} else {
		l.pods = make([]*v1.Pod, 0, count)
		outage := l.chance(0.02)
		for i := range count {
			l.pods = append(l.pods, l.newPod(i, outage))
		}
	}
	l.status = count
	if count > 0 && l.chance(0.1) {
		l.status = max(1, count+l.between(-2, 2))
	}
	l.ready = readyAmong(l.pods)
}

func readyAmong(pods []*v1.Pod) int32 {
	ready := int32(0)
	for _, pod := range pods {
		if serves(pod) {
			ready++
		}
	}
	return ready
}

func serves(pod *v1.Pod) bool {
	condition := readiness(pod)
	return pod.Status.Phase == v1.PodRunning && condition != nil && condition.Status == v1.ConditionTrue
}

func readiness(pod *v1.Pod) *v1.PodCondition {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == v1.PodReady {
			return &pod.Status.Conditions[i]
		}
	}
	return nil
}

func (l *life) pause() time.Duration {
	switch {
	case l.chance(0.02):
		return 0
	case l.chance(0.7):
		return time.Duration(l.between(1, 20)) * time.Second
	case l.chance(0.5):
		return time.Duration(l.between(1, 30_000)) * time.Millisecond
	default:
		return time.Duration(l.between(20, 600)) * time.Second
	}
}
