package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	v1 "k8s.io/api/core/v1"
	defaults "k8s.io/kubernetes/pkg/apis/autoscaling/v2"

	"evenkeel.dev/referee/upstream"
)

// Below the 64 entries past which Evenkeel's windows merge.
const stepsPerLife = 60

// examinee answers snapshots, one after the other.
type examinee interface {
	decide(snapshot json.RawMessage) (answer, error)
}

// game is one life, played to both.
type game struct {
	l          *life
	controller *podautoscaler.HorizontalController
	model      model
	examined   examinee
	tally      *tally
	last       answer
	// For tests: changes what Evenkeel has answered, or nil.
	plant func(e expectation, theirs int32, count *int32)
}

func settings() podautoscaler.Settings {
	return podautoscaler.Settings{
		DownscaleStabilisation: 5 * time.Minute, Tolerance: 0.1,
		CPUInitialization: 5 * time.Minute, InitialReadinessDelay: 30 * time.Second,
	}
}

func newGame(l *life, examined examinee, tally *tally) *game {
	l.declared = *l.world.hpa.Spec.Behavior.DeepCopy()
	defaults.SetDefaults_HorizontalPodAutoscaler(l.world.hpa)
	g := &game{l: l, examined: examined, tally: tally}
	g.controller = podautoscaler.NewForReferee(l.world.asUpstream(), settings())
	return g
}

func (g *game) play() error {
	for i := range stepsPerLife {
		if err := g.step(i); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
	}
	return nil
}

func (g *game) step(number int) error {
	l := g.l
	written := l.world.written
	l.step(number == 0)
	podautoscaler.SetNow(l.now)
	snapshot := l.snapshot(number == 0, g.last.Memory)
	e := g.expect(written)

	before := l.world.scale.Spec.Replicas
	l.world.view = l.upstreamView()
	failure := g.controller.Reconcile(context.Background(), key)
	theirs := l.world.wanted
	text, err := json.Marshal(snapshot)
	if err != nil {
		return err
	}
	if g.last, err = g.examined.decide(text); err != nil {
		return fmt.Errorf("%w\nsnapshot: %s", err, text)
	}
	if traced != nil {
		g.trace(number, before, theirs, e, failure)
	}
	g.tally.step(e, theirs)
	if err := g.judge(e, before, theirs); err != nil {
		return fmt.Errorf("from %d upstream goes to %d, the model to %d: %w; upstream's error: %v\n"+
			"rules: %v\nsnapshot: %s\ndecision: %s", before, theirs, e.count, err, failure, e.rules, text, g.last.line)
	}
	g.reconcilePasts(e, theirs)
	return nil
}

// traced gets a line for every step, or is nil.
var traced io.Writer

func (g *game) trace(number int, before, theirs int32, e expectation, failure error) {
	l := g.l
	stabilised := "none"
	if e.stabilised != nil {
		stabilised = fmt.Sprint(*e.stabilised)
	}
	fmt.Fprintf(traced, "%2d %s count %d pods %d status %d ready %d restart %d refused %t: proposals %v stabilised %s; "+
		"upstream %d, expected %d, evenkeel %v; rules %v; upstream's error: %v\n",
		number, l.now.Format("15:04:05.000"), before, len(l.pods), l.status, l.ready, l.restart, l.world.refuse, e.proposals,
		stabilised, theirs, e.count, g.last.replicas(before), e.rules, failure)
}

// expect is the model's part of a step, and what restarts do to both.
func (g *game) expect(written bool) expectation {
	l := g.l
	fresh := podautoscaler.NewForReferee(l.world.asUpstream(), settings())
	if l.restart == both {
		g.controller, g.model = fresh, model{}
	}
	unlike := g.model.see(l.now, l.world.scale.Spec.Replicas, written)
	switch l.restart {
	case upstreamOnly:
		g.controller = fresh
	case bothWithMemory:
		g.controller = fresh
	}
	ours := make([]podautoscaler.Proposal, len(l.metrics))
	qualities := make([]quality, len(l.metrics))
	for i := range l.metrics {
		l.world.view, qualities[i] = l.evenkeelView(&l.metrics[i])
		ours[i] = g.controller.Propose(l.world.hpa, i, l.world.scale.Spec.Replicas, l.existing(), l.arithmetic(&l.metrics[i]))
	}
	e := g.model.decide(l, ours, qualities)
	if unlike {
		e.rules[changesThatWeSee] = true
	}
	if l.restart == upstreamOnly || l.restart == bothWithMemory {
		e.rules[memoryOfRestart] = true
	}
	if l.restart == nobody && !unlike && g.forgotten() {
		e.rules[eventsAreKept] = true
	}
	return e
}

// forgotten: upstream has dropped an event that a policy still looks back to.
func (g *game) forgotten() bool {
	behavior := g.l.world.hpa.Spec.Behavior
	for _, policy := range append(behavior.ScaleUp.Policies[:len(behavior.ScaleUp.Policies):len(behavior.ScaleUp.Policies)],
		behavior.ScaleDown.Policies...) {
		if g.controller.ChangeWithin(key, policy.PeriodSeconds) != g.model.changeWithin(g.l.now, policy.PeriodSeconds) {
			return true
		}
	}
	return false
}

func (g *game) adopt() { g.controller.Adopt(key, g.model.recommendations, g.model.events) }

// reconcilePasts lets upstream go on from where Evenkeel is, once a rule has made, or may have made, their pasts differ.
func (g *game) reconcilePasts(e expectation, theirs int32) {
	if e.count == theirs && (len(e.rules) == 0 || len(e.rules) == 1 && e.rules[eventsAreKept]) {
		return
	}
	if !g.l.world.refuse {
		g.l.world.scale.Spec.Replicas = e.count
		g.l.world.written = e.count != theirs || g.l.world.written
	}
	g.adopt()
	if g.model.pending != nil && !g.l.world.refuse {
		events := append(g.model.events[:len(g.model.events):len(g.model.events)],
			podautoscaler.Event{At: g.model.pending.at, Change: g.model.pending.to - g.model.pending.from})
		g.controller.Adopt(key, g.model.recommendations, events)
		g.l.world.written = true
	}
}

// judge compares one answer with what must be decided.
func (g *game) judge(e expectation, before, theirs int32) error {
	count := g.last.replicas(before)
	if g.plant != nil {
		g.plant(e, theirs, &count)
	}
	if e.count != theirs && len(e.rules) == 0 {
		return errors.New("no rule says why they may differ; the referee itself is wrong")
	}
	if count != e.count {
		return fmt.Errorf("evenkeel goes to %d", count)
	}
	return g.judgeSteps(e, before, theirs)
}

// judgeSteps compares what led to the count: each metric's proposal, the stabilised count, and the reasons of conditions.
func (g *game) judgeSteps(e expectation, before, theirs int32) error {
	if e.stabilised == nil {
		return nil
	}
	for _, step := range g.last.Total.Steps {
		switch {
		case step.Replicas == nil:
		case step.Step == "Metric":
			for i, m := range g.l.metrics {
				if m.name == step.Metric && e.proposals[i].Err == nil && e.proposals[i].Replicas != *step.Replicas {
					return fmt.Errorf("metric %s asks for %d, evenkeel reads %d", m.name, e.proposals[i].Replicas, *step.Replicas)
				}
			}
		case step.Step == "Stabilise":
			if *step.Replicas != *e.stabilised {
				return fmt.Errorf("stabilised it is %d, for evenkeel %d", *e.stabilised, *step.Replicas)
			}
		}
	}
	if len(e.rules) > 0 || g.l.world.refuse {
		return nil
	}
	return g.judgeConditions(theirs != before)
}

// judgeConditions compares the reasons that docs/events.md takes over from upstream.
func (g *game) judgeConditions(rescaled bool) error {
	for _, theirs := range g.l.world.hpa.Status.Conditions {
		if theirs.Type == "AbleToScale" && rescaled { // upstream then says SucceededRescale
			continue
		}
		for _, ours := range g.last.Conditions {
			if ours.Type == string(theirs.Type) && (ours.Status != string(theirs.Status) || ours.Reason != theirs.Reason) &&
				theirs.Status != v1.ConditionUnknown {
				return fmt.Errorf("condition %s is %s, %s; for evenkeel %s, %s", ours.Type, theirs.Status, theirs.Reason,
					ours.Status, ours.Reason)
			}
		}
	}
	return nil
}
