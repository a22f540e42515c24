// Package podautoscaler is the upstream HorizontalPodAutoscaler controller: horizontal.go, replica_calculator.go and
// rate_limiters.go are put here from the pinned module k8s.io/kubernetes when the referee is built (tools/referee/sources.py
// says what is changed in them, branches.txt which places are counted). This file is ours: it makes a controller without
// informers, and opens what a referee has to see.
package podautoscaler

import (
	"context"
	"math"
	"slices"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	autoscalingclient "k8s.io/client-go/kubernetes/typed/autoscaling/v2"
	autoscalinglisters "k8s.io/client-go/listers/autoscaling/v2"
	corelisters "k8s.io/client-go/listers/core/v1"
	scaleclient "k8s.io/client-go/scale"
	"k8s.io/client-go/tools/record"
	metricsclient "k8s.io/kubernetes/pkg/controller/podautoscaler/metrics"
	"k8s.io/kubernetes/pkg/controller/podautoscaler/monitor"
	"k8s.io/kubernetes/pkg/controller/util/selectors"
)

// One controller at a time: the clock and what is counted are the package's.
var (
	now        time.Time
	counting   bool
	saturating bool
	planned    int // of a roll-out: how many pods are meant to stay; 0 for none

	// Counts says how often each of Branches was taken by Reconcile.
	Counts [len(Branches)]int64
	// Overflowed says that a count was too large for an int32 since it was last set to false.
	Overflowed bool
)

// SetNow sets the controller's clock.
func SetNow(t time.Time) { now = t }

// Now is the controller's clock.
func Now() time.Time { return now }

func refereeNow() time.Time { return now }

func taken(branch int) {
	if counting {
		Counts[branch]++
	}
}

// refereeCount is upstream's int32(), or one that saturates (deliberate difference 6).
func refereeCount(value float64) int32 {
	if value > math.MaxInt32 {
		Overflowed = true
		if saturating {
			return math.MaxInt32
		}
	}
	return int32(value)
}

// refereeProduct is upstream's product of a ratio and the pods that it stands for, or that of a roll-out (deliberate
// difference 4): pods beyond those that are meant to stay make nothing larger.
func refereeProduct[Count int | int64](ratio float64, pods Count) float64 {
	product := ratio * float64(pods)
	if planned == 0 || int(pods) <= planned {
		return product
	}
	if ratio > 1 {
		return ratio * float64(planned)
	}
	return min(product, float64(planned))
}

// World is everything that the controller asks and tells.
type World struct {
	Scales  scaleclient.ScalesGetter
	HPAs    autoscalingclient.HorizontalPodAutoscalersGetter
	Mapper  apimeta.RESTMapper
	Metrics metricsclient.MetricsClient
	HPAList autoscalinglisters.HorizontalPodAutoscalerLister
	Pods    corelisters.PodLister
	Events  record.EventRecorder
}

// Settings are the flags of kube-controller-manager that the controller knows.
type Settings struct {
	DownscaleStabilisation time.Duration
	Tolerance              float64
	CPUInitialization      time.Duration
	InitialReadinessDelay  time.Duration
}

var metricsOfController = monitor.New()

// NewForReferee makes a controller that is driven by Reconcile alone.
func NewForReferee(world World, settings Settings) *HorizontalController {
	controller := &HorizontalController{
		eventRecorder:                world.Events,
		scaleNamespacer:              world.Scales,
		hpaNamespacer:                world.HPAs,
		mapper:                       world.Mapper,
		hpaLister:                    world.HPAList,
		podLister:                    world.Pods,
		tolerance:                    settings.Tolerance,
		downscaleStabilisationWindow: settings.DownscaleStabilisation,
		monitor:                      metricsOfController,
		recommendations:              map[string][]timestampedRecommendation{},
		scaleUpEvents:                map[string][]timestampedScaleEvent{},
		scaleDownEvents:              map[string][]timestampedScaleEvent{},
		hpaSelectors:                 selectors.NewBiMultimap(),
	}
	controller.replicaCalc = NewReplicaCalculator(
		world.Metrics, world.Pods, settings.CPUInitialization, settings.InitialReadinessDelay)
	return controller
}

// Reconcile runs the controller's own pass over one object.
func (a *HorizontalController) Reconcile(ctx context.Context, key string) error {
	counting = true
	defer func() { counting = false }()
	_, err := a.reconcileKey(ctx, key)
	return err
}

// Proposal is what one metric asks for; with an error it is invalid.
type Proposal struct {
	Replicas   int32
	Overflowed bool
	Err        error
}

// Rules are the deliberate differences that reach into the arithmetic of one metric.
type Rules struct {
	Saturate bool
	Planned  int // of a roll-out: how many pods are meant to stay; 0: no roll-out
}

// Propose asks the controller's own arithmetic for one metric, without touching what it remembers.
func (a *HorizontalController) Propose(hpa *autoscalingv2.HorizontalPodAutoscaler, metric int, specReplicas,
	statusReplicas int32, rules Rules) Proposal {
	saturating, planned, Overflowed = rules.Saturate, rules.Planned, false
	defer func() { saturating, planned = false, 0 }()
	var status autoscalingv2.MetricStatus
	replicas, _, _, _, err := a.computeReplicasForMetric(context.Background(), hpa, hpa.Spec.Metrics[metric], specReplicas,
		statusReplicas, labels.Everything(), &status)
	return Proposal{replicas, Overflowed, err}
}

// Calculator is the controller's arithmetic of replicas alone, for benchmarks.
func (a *HorizontalController) Calculator() *ReplicaCalculator { return a.replicaCalc }

// NewTolerances makes what the calculator asks for.
func NewTolerances(down, up float64) Tolerances { return Tolerances{down, up} }

// Recommendation is a count that the metrics asked for.
type Recommendation struct {
	At       time.Time
	Replicas int32
}

// Event is a change of the count that the controller made; Change is signed.
type Event struct {
	At     time.Time
	Change int32
}

// ChangeWithin is what the controller believes to have changed within the last period.
func (a *HorizontalController) ChangeWithin(key string, periodSeconds int32) int32 {
	return getReplicasChangePerPeriod(periodSeconds, a.scaleUpEvents[key]) -
		getReplicasChangePerPeriod(periodSeconds, a.scaleDownEvents[key])
}

// Adopt replaces what the controller remembers: after a deliberate difference both go on from the same past.
func (a *HorizontalController) Adopt(key string, recommendations []Recommendation, events []Event) {
	a.recommendations[key] = make([]timestampedRecommendation, 0, len(recommendations))
	for _, r := range recommendations {
		a.recommendations[key] = append(a.recommendations[key], timestampedRecommendation{r.Replicas, r.At})
	}
	a.scaleUpEvents[key], a.scaleDownEvents[key] = nil, nil
	for _, event := range slices.Clone(events) {
		if event.Change > 0 {
			a.scaleUpEvents[key] = append(a.scaleUpEvents[key], timestampedScaleEvent{event.Change, event.At, false})
		} else {
			a.scaleDownEvents[key] = append(a.scaleDownEvents[key], timestampedScaleEvent{-event.Change, event.At, false})
		}
	}
}
