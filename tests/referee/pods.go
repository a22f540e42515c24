package main

import (
	"fmt"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// template is what the pods of one life ask for.
type template struct {
	containers []v1.Container
	podLevel   v1.ResourceList
	holes      float64 // how often a container says nothing about a resource
}

var amounts = map[v1.ResourceName][]string{
	v1.ResourceCPU:    {"500m", "250m", "1", "2", "333m", "1m"},
	v1.ResourceMemory: {"256Mi", "1Gi", "100M", "123456789", "64Mi"},
}

func (l *life) newTemplate() template {
	t := template{holes: pick(l, 0, 0, 0, 0, 0.01)}
	hole := 0.04
	if l.chance(0.35) {
		t.podLevel = l.requests(0.4)
		hole = 0.4
	}
	for _, container := range pick(l, []string{"web"}, []string{"web"}, []string{"web", "side"}) {
		requests := v1.ResourceRequirements{Requests: l.requests(hole)}
		t.containers = append(t.containers, v1.Container{Name: container, Resources: requests})
	}
	return t
}

// requests names CPU and memory, each left out with the probability `hole`; now and then 0.
func (l *life) requests(hole float64) v1.ResourceList {
	requests := v1.ResourceList{}
	for _, name := range []v1.ResourceName{v1.ResourceCPU, v1.ResourceMemory} {
		if l.chance(hole) {
			continue
		}
		text := pick(l, amounts[name]...)
		if l.chance(0.02) {
			text = "0"
		}
		requests[name] = resource.MustParse(text)
	}
	return requests
}

// plainPods are many pods of which only the readiness matters. They are shared by all lives and never changed.
func plainPods(ready, total int32) []*v1.Pod {
	for i := int32(len(pool[0])); i < total; i++ {
		for k, status := range []v1.ConditionStatus{v1.ConditionFalse, v1.ConditionTrue} {
			pool[k] = append(pool[k], &v1.Pod{
				ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprintf("shop-%d", i)},
				Status: v1.PodStatus{Phase: v1.PodRunning, Conditions: []v1.PodCondition{
					{Type: v1.PodReady, Status: status}}},
			})
		}
	}
	list := make([]*v1.Pod, 0, total)
	list = append(list, pool[1][:ready]...)
	return append(list, pool[0][ready:total]...)
}

var pool [2][]*v1.Pod

// newPod is a pod that serves, unless there is trouble.
func (l *life) newPod(index int32, outage bool) *v1.Pod {
	age := pick(l, time.Hour, time.Hour, 5*time.Minute, 5*time.Minute-1, 5*time.Minute+1,
		time.Duration(l.between(0, 700))*time.Second)
	start := l.now.Add(-age)
	untilReady := pick(l, 0, 5*time.Second, 30*time.Second, 30*time.Second-1, 30*time.Second+1,
		time.Duration(l.between(0, 90))*time.Second)
	changed := start.Add(min(untilReady, age))
	pod := &v1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprintf("shop-%d", index)},
		Spec:       v1.PodSpec{Containers: l.template.containers},
		Status: v1.PodStatus{
			Phase: v1.PodRunning, StartTime: &metav1.Time{Time: start},
			Conditions: []v1.PodCondition{
				{Type: v1.PodReady, Status: v1.ConditionTrue, LastTransitionTime: metav1.Time{Time: changed}}},
		},
	}
	if l.template.podLevel != nil {
		pod.Spec.Resources = &v1.ResourceRequirements{Requests: l.template.podLevel}
	}
	if l.chance(l.template.holes) {
		pod.Spec.Containers = []v1.Container{{Name: "web", Resources: v1.ResourceRequirements{Requests: l.requests(0.5)}}}
	}
	if outage {
		pod.Status.Conditions[0].Status = v1.ConditionFalse
	}
	if l.chance(l.trouble) {
		l.spoil(pod)
	}
	return pod
}

func (l *life) spoil(pod *v1.Pod) {
	switch l.between(0, 8) {
	case 0:
		pod.DeletionTimestamp = &metav1.Time{Time: l.now}
	case 1:
		pod.Status.Phase = pick(l, v1.PodFailed, v1.PodSucceeded, v1.PodUnknown)
		pod.Status.Conditions[0].Status = v1.ConditionFalse
	case 2, 3:
		pod.Status.Phase = v1.PodPending
		pod.Status.Conditions[0].Status = v1.ConditionFalse
		if l.chance(0.3) {
			pod.Status.StartTime, pod.Status.Conditions = nil, nil
		}
	case 4:
		pod.Status.Conditions = nil
	case 5:
		pod.Status.StartTime = nil
	default:
		pod.Status.Conditions[0].Status = v1.ConditionFalse
	}
}
