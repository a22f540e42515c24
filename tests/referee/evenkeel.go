package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	v1 "k8s.io/api/core/v1"
)

// evenkeel is a running `evenkeel decide --stream`.
type evenkeel struct {
	command *exec.Cmd
	in      *bufio.Writer
	out     *bufio.Reader
	close   func() error
}

func startEvenkeel(path string) (*evenkeel, error) {
	command := exec.Command(path, "decide", "--stream")
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("%s decide --stream does not start: %w", path, err)
	}
	return &evenkeel{command, bufio.NewWriter(in), bufio.NewReader(out), in.Close}, nil
}

func (e *evenkeel) stop() error {
	if err := e.close(); err != nil {
		return err
	}
	return e.command.Wait()
}

// replicas is the count that Evenkeel wants; `current` where it leaves the workload alone.
func (a *answer) replicas(current int32) int32 {
	if wanted := a.Backends["only"].Replicas; wanted != nil {
		return *wanted
	}
	return current
}

type step struct {
	Step     string `json:"step"`
	Metric   string `json:"metric"`
	Replicas *int32 `json:"replicas"`
}

// answer is what the referee reads of a decision.
type answer struct {
	Error    string `json:"error"`
	Backends map[string]struct {
		Replicas *int32 `json:"replicas"`
	} `json:"backends"`
	Total struct {
		Steps []step `json:"steps"`
	} `json:"total"`
	Conditions []struct{ Type, Status, Reason string } `json:"conditions"`
	Memory     json.RawMessage                         `json:"memory"`
	line       []byte
}

func (e *evenkeel) decide(snapshot json.RawMessage) (answer, error) {
	var decision answer
	if _, err := e.in.Write(append(snapshot, '\n')); err != nil {
		return decision, err
	}
	if err := e.in.Flush(); err != nil {
		return decision, err
	}
	line, err := e.out.ReadBytes('\n')
	if err != nil {
		return decision, fmt.Errorf("evenkeel ended while it was asked: %w", err)
	}
	if err := json.Unmarshal(line, &decision); err != nil {
		return decision, fmt.Errorf("evenkeel answered what is no JSON: %w", err)
	}
	decision.line = line
	if decision.Error != "" {
		return decision, fmt.Errorf("evenkeel refused the snapshot: %s", decision.Error)
	}
	return decision, nil
}

type jsonObject map[string]any

// snapshot is the step as Evenkeel sees it. The memory is carried over by the stream, unless somebody forgets.
func (l *life) snapshot(first bool, memory json.RawMessage) jsonObject {
	backend := jsonObject{
		"specReplicas": l.world.scale.Spec.Replicas, "statusReplicas": l.status, "readyReplicas": l.ready,
		"endpoints": jsonObject{"ready": l.ready, "total": len(l.pods)}, "weight": 100,
		"rollout": l.rollout,
	}
	if l.listsPods {
		backend["pods"] = podsAsSeen(l.pods)
	}
	metrics := jsonObject{}
	for i := range l.metrics {
		metrics[l.metrics[i].name] = asSeen(&l.metrics[i], l.readings[l.metrics[i].name])
	}
	if l.service == nil {
		l.service, _ = json.Marshal(l.asService())
	}
	snapshot := jsonObject{
		"now": stamp(l.now), "service": l.service, "backends": jsonObject{"only": backend}, "metrics": metrics,
	}
	switch {
	case first || l.restart == both:
		snapshot["memory"] = jsonObject{}
	case l.restart == bothWithMemory:
		snapshot["memory"], snapshot["restored"] = memory, true
	}
	return snapshot
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func asSeen(m *metric, read reading) jsonObject {
	if read.failed {
		return jsonObject{"samples": []jsonObject{}, "error": "no metrics returned"}
	}
	samples := make([]jsonObject, 0, len(read.samples))
	for i, one := range read.samples {
		labels := jsonObject{"part": fmt.Sprint(i)}
		if m.ofPods() {
			labels = jsonObject{"pod": one.pod}
		}
		sample := jsonObject{
			"labels": labels, "value": number(one.value), "time": stamp(one.at), "windowSeconds": int(one.window.Seconds()),
		}
		if one.contributors != nil {
			sample["contributors"] = *one.contributors
		}
		samples = append(samples, sample)
	}
	return jsonObject{"samples": samples}
}

func number(value float64) any {
	switch {
	case math.IsNaN(value):
		return "NaN"
	case math.IsInf(value, 1):
		return "+Inf"
	case math.IsInf(value, -1):
		return "-Inf"
	default:
		return value
	}
}

func podsAsSeen(pods []*v1.Pod) []jsonObject {
	seen := make([]jsonObject, 0, len(pods))
	for _, pod := range pods {
		one := jsonObject{
			"name": pod.Name, "phase": string(pod.Status.Phase), "ready": nil, "deleted": pod.DeletionTimestamp != nil,
		}
		if condition := readiness(pod); condition != nil {
			one["ready"] = condition.Status == v1.ConditionTrue
			if !condition.LastTransitionTime.IsZero() {
				one["readyTransitionTime"] = stamp(condition.LastTransitionTime.Time)
			}
		}
		if pod.Status.StartTime != nil {
			one["startTime"] = stamp(pod.Status.StartTime.Time)
		}
		if pod.Spec.Resources != nil {
			one["requests"] = requestsAsSeen(pod.Spec.Resources.Requests)
		}
		containers := make([]jsonObject, 0, len(pod.Spec.Containers))
		for _, container := range pod.Spec.Containers {
			containers = append(containers, jsonObject{
				"name": container.Name, "requests": requestsAsSeen(container.Resources.Requests)})
		}
		one["containers"] = containers
		seen = append(seen, one)
	}
	return seen
}

func requestsAsSeen(requests v1.ResourceList) jsonObject {
	seen := jsonObject{}
	for name, amount := range requests {
		seen[string(name)] = amount.String()
	}
	return seen
}

func (l *life) asService() jsonObject {
	return jsonObject{
		"apiVersion": "evenkeel.dev/v1alpha1", "kind": "LoadBalancedService",
		"metadata": jsonObject{"namespace": namespace, "name": name, "uid": l.uid, "generation": 1},
		"spec": jsonObject{
			"backends": []jsonObject{
				{"name": "only", "workloadRef": jsonObject{"name": name}, "serviceRef": jsonObject{"name": name}}},
			"scaling": l.scaling(),
		},
	}
}

func (l *life) scaling() jsonObject {
	spec := l.world.hpa.Spec
	behavior := jsonObject{}
	// The HPA has been defaulted by upstream's own code; `declared` is what the user wrote.
	if rules := l.declared.ScaleUp; rules != nil {
		behavior["scaleUp"] = rulesAsWritten(rules)
	}
	if rules := l.declared.ScaleDown; rules != nil {
		behavior["scaleDown"] = rulesAsWritten(rules)
	}
	metrics := make([]jsonObject, 0, len(l.metrics))
	for i := range l.metrics {
		metrics = append(metrics, l.metrics[i].asWritten())
	}
	return jsonObject{
		"idleAfterSeconds": int(l.idleAfter.Seconds()),
		"minReplicas":      *spec.MinReplicas, "maxReplicas": spec.MaxReplicas, "behavior": behavior, "metrics": metrics,
	}
}

func (m *metric) asWritten() jsonObject {
	written := jsonObject{"name": m.name, "maxAgeSeconds": int(m.maxAge.Seconds())}
	switch {
	case m.kind == resourceMetric:
		written["preset"] = map[v1.ResourceName]string{
			v1.ResourceCPU: "CPUUtilization", v1.ResourceMemory: "MemoryUtilization"}[m.resource]
		written["scope"] = "Pod"
		if m.container != "" {
			written["container"] = m.container
		}
	case m.kind == podsMetric:
		written["query"], written["scope"] = m.name, "Pod"
	default:
		written["query"] = m.name
	}
	if m.activation != nil {
		written["activation"] = m.activation.String()
	}
	target := jsonObject{"type": string(m.target.Type)}
	switch {
	case m.target.AverageUtilization != nil:
		target["averageUtilization"] = *m.target.AverageUtilization
	case m.target.AverageValue != nil:
		target["value"] = m.target.AverageValue.String()
	default:
		target["value"] = m.target.Value.String()
	}
	written["target"] = target
	return written
}

func rulesAsWritten(rules *autoscalingv2.HPAScalingRules) jsonObject {
	written := jsonObject{}
	if rules.StabilizationWindowSeconds != nil {
		written["stabilizationWindowSeconds"] = *rules.StabilizationWindowSeconds
	}
	if rules.SelectPolicy != nil {
		written["selectPolicy"] = string(*rules.SelectPolicy)
	}
	if rules.Tolerance != nil {
		written["tolerance"] = rules.Tolerance.String()
	}
	if rules.Policies != nil {
		policies := []jsonObject{}
		for _, policy := range rules.Policies {
			policies = append(policies, jsonObject{
				"type": string(policy.Type), "value": policy.Value, "periodSeconds": policy.PeriodSeconds})
		}
		written["policies"] = policies
	}
	return written
}
