// Referee plays the same random lives to the upstream HorizontalPodAutoscaler controller and to `evenkeel decide --stream`
// and stops at the first difference that is not one of the deliberate ones of docs/decision.md.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/klog/v2"
	defaults "k8s.io/kubernetes/pkg/apis/autoscaling/v2"

	"evenkeel.dev/referee/upstream"
)

const stepsPerLife = 60

func main() {
	binary := flag.String("evenkeel", "evenkeel", "the binary to examine")
	steps := flag.Int("steps", 20_000, "decisions to compare")
	seed := flag.Uint64("seed", 1, "seed of the lives; printed with every difference")
	flag.Parse()
	klog.SetOutput(io.Discard)
	klog.LogToStderr(false)
	if err := utilfeature.DefaultMutableFeatureGate.Set("HPAConfigurableTolerance=true"); err != nil {
		fail(err)
	}
	examined, err := startEvenkeel(*binary)
	if err != nil {
		fail(err)
	}
	tally := newTally()
	for number := uint64(0); tally.steps < *steps; number++ {
		if err := play(newLife(*seed, number), examined, tally); err != nil {
			fail(fmt.Errorf("seed %d, life %d: %w", *seed, number, err))
		}
	}
	if err := examined.stop(); err != nil {
		fail(err)
	}
	tally.print()
	if missing := tally.missing(); len(missing) > 0 {
		fail(fmt.Errorf("branches never taken: %v: more steps or a better generator", missing))
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "referee:", err)
	os.Exit(1)
}

func play(l *life, examined *evenkeel, tally *tally) error {
	l.declared = *l.world.hpa.Spec.Behavior.DeepCopy()
	defaults.SetDefaults_HorizontalPodAutoscaler(l.world.hpa)
	controller := podautoscaler.NewForReferee(l.world.asUpstream(), podautoscaler.Settings{
		DownscaleStabilisation: 5 * time.Minute, Tolerance: 0.1,
		CPUInitialization: 5 * time.Minute, InitialReadinessDelay: 30 * time.Second,
	})
	events := eventLog{}
	for i := range stepsPerLife {
		l.step()
		snapshot := l.snapshot(i == 0)
		before := l.world.scale.Spec.Replicas
		podautoscaler.SetNow(l.now)
		podautoscaler.Observed = podautoscaler.Observation{}
		upstreamError := controller.Reconcile(context.Background(), namespace+"/"+name)
		theirs := l.world.scale.Spec.Replicas

		count, line, err := examined.decide(snapshot)
		if err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
		ours := before
		if count != nil {
			ours = *count
		}
		tally.count(l, before, theirs, upstreamError)
		if ours != theirs {
			expected, rule := deliberate(l, before, theirs, events)
			if rule == "" || ours != expected {
				text, _ := json.Marshal(snapshot)
				return fmt.Errorf("step %d: from %d upstream goes to %d, evenkeel to %d (a deliberate difference would go to "+
					"%d, rule %q); upstream's error: %v\nsnapshot: %s\ndecision: %s", i, before, theirs, ours, expected, rule,
					upstreamError, text, line)
			}
			tally.deliberate[rule]++
			return nil // histories differ from here on
		}
		events.add(l.now, before, theirs)
	}
	return nil
}

func behaviorOf(l *life) *autoscalingv2.HorizontalPodAutoscalerBehavior { return l.world.hpa.Spec.Behavior }
