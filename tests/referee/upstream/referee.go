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

	autoscalingv1 "k8s.io/api/autoscaling/v1"
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

	// Counts says how often each of Branches was taken by Reconcile.
	Counts [len(Branches)]int64
	// Overflowed says that a count was too large for an int32 since it was last set to false.
	Overflowed bool
)

// SetNow sets the controller's clock.
func SetNow(t time.Time) { now = t }

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

// Proposals asks the controller's own arithmetic, metric by metric, without touching what it remembers.
func (a *HorizontalController) Proposals(hpa *autoscalingv2.HorizontalPodAutoscaler, scale *autoscalingv1.Scale,
	saturate bool) []Proposal {
	saturating = saturate
	defer func() { saturating = false }()
	scratch := hpa.DeepCopy()
	proposals := make([]Proposal, 0, len(hpa.Spec.Metrics))
	for _, spec := range scratch.Spec.Metrics {
		Overflowed = false
		var status autoscalingv2.MetricStatus
		replicas, _, _, _, err := a.computeReplicasForMetric(context.Background(), scratch, spec, scale.Spec.Replicas,
			scale.Status.Replicas, labels.Everything(), &status)
		proposals = append(proposals, Proposal{replicas, Overflowed, err})
	}
	return proposals
}

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
