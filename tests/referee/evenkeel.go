package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
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

type object = map[string]any

// snapshot is the step as Evenkeel sees it. With `fresh` the memory is empty; else it is carried over by the stream.
func (l *life) snapshot(fresh bool) object {
	reading := object{"samples": []object{}, "error": "no metrics returned"}
	if l.reading != nil {
		reading = object{"samples": []object{{"labels": object{}, "value": *l.reading, "time": stamp(l.now)}}}
	}
	snapshot := object{
		"now": stamp(l.now),
		"service": object{
			"apiVersion": "evenkeel.dev/v1alpha1", "kind": "LoadBalancedService",
			"metadata": object{"namespace": namespace, "name": name, "uid": l.uid, "generation": 1},
			"spec": object{
				"backends": []object{{"name": "only", "workloadRef": object{"name": name}, "serviceRef": object{"name": name}}},
				"scaling":  l.scaling(),
			},
		},
		"backends": object{"only": object{
			"specReplicas": l.world.scale.Spec.Replicas, "statusReplicas": l.status, "readyReplicas": l.ready,
			"endpoints": object{"ready": l.ready, "total": l.status}, "weight": 100,
		}},
		"metrics": object{"load": reading},
	}
	if fresh {
		snapshot["memory"] = object{}
	}
	return snapshot
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func (l *life) scaling() object {
	spec := l.world.hpa.Spec
	target := object{"type": string(spec.Metrics[0].External.Target.Type)}
	if value := spec.Metrics[0].External.Target.AverageValue; value != nil {
		target["value"] = value.String()
	} else {
		target["value"] = spec.Metrics[0].External.Target.Value.String()
	}
	behavior := object{}
	// The HPA has been defaulted by upstream's own code; `declared` is what the user wrote.
	if rules := l.declared.ScaleUp; rules != nil {
		behavior["scaleUp"] = rulesOf(rules)
	}
	if rules := l.declared.ScaleDown; rules != nil {
		behavior["scaleDown"] = rulesOf(rules)
	}
	return object{
		"minReplicas": *spec.MinReplicas, "maxReplicas": spec.MaxReplicas, "behavior": behavior,
		"metrics": []object{{"name": "load", "query": "load", "target": target}},
	}
}

func rulesOf(rules *autoscalingv2.HPAScalingRules) object {
	written := object{}
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
		policies := []object{}
		for _, policy := range rules.Policies {
			policies = append(policies, object{
				"type": string(policy.Type), "value": policy.Value, "periodSeconds": policy.PeriodSeconds})
		}
		written["policies"] = policies
	}
	return written
}

type answer struct {
	Error    string `json:"error"`
	Backends map[string]struct {
		Replicas *int32 `json:"replicas"`
	} `json:"backends"`
}

// decide returns the count that Evenkeel wants; nil leaves it alone.
func (e *evenkeel) decide(snapshot object) (count *int32, line []byte, err error) {
	text, err := json.Marshal(snapshot)
	if err != nil {
		return nil, nil, err
	}
	if _, err := e.in.Write(append(text, '\n')); err != nil {
		return nil, nil, err
	}
	if err := e.in.Flush(); err != nil {
		return nil, nil, err
	}
	line, err = e.out.ReadBytes('\n')
	if err != nil {
		return nil, nil, fmt.Errorf("evenkeel ended while it was asked: %w", err)
	}
	var decision answer
	if err := json.Unmarshal(line, &decision); err != nil {
		return nil, line, fmt.Errorf("evenkeel answered what is no JSON: %w", err)
	}
	if decision.Error != "" {
		return nil, line, fmt.Errorf("evenkeel refused the snapshot: %s", decision.Error)
	}
	return decision.Backends["only"].Replicas, line, nil
}
