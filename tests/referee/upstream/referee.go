// Package podautoscaler is the upstream HorizontalPodAutoscaler controller: horizontal.go, replica_calculator.go and
// rate_limiters.go are copied here from the pinned module k8s.io/kubernetes when the referee is built, with nothing changed
// but the clock (`time.Now` becomes `refereeNow`). This file is the only one of ours: it makes a controller without informers.
package podautoscaler

import (
	"context"
	"sync/atomic"
	"time"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	autoscalingclient "k8s.io/client-go/kubernetes/typed/autoscaling/v2"
	autoscalinglisters "k8s.io/client-go/listers/autoscaling/v2"
	corelisters "k8s.io/client-go/listers/core/v1"
	scaleclient "k8s.io/client-go/scale"
	"k8s.io/client-go/tools/record"
	metricsclient "k8s.io/kubernetes/pkg/controller/podautoscaler/metrics"
	"k8s.io/kubernetes/pkg/controller/podautoscaler/monitor"
	"k8s.io/kubernetes/pkg/controller/util/selectors"
)

var clock atomic.Int64 // nanoseconds since the epoch

func refereeNow() time.Time { return time.Unix(0, clock.Load()) }

// SetNow sets the controller's clock.
func SetNow(t time.Time) { clock.Store(t.UnixNano()) }

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
	DownscaleStabilisation  time.Duration
	Tolerance               float64
	CPUInitialization       time.Duration
	InitialReadinessDelay   time.Duration
}

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
		monitor:                      monitor.New(),
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
	_, err := a.reconcileKey(ctx, key)
	return err
}

// Observation is what the controller's pass went through, noted for the tally; nothing in the pass reads it.
type Observation struct {
	Proposed   *int32 // by the metrics
	Stabilised *int32 // after the stabilisation windows, before the policies
}

// Observed is the last pass's.
var Observed Observation
