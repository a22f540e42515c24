package main

import (
	"context"
	"errors"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	autoscalingclient "k8s.io/client-go/kubernetes/typed/autoscaling/v2"
	autoscalinglisters "k8s.io/client-go/listers/autoscaling/v2"
	corelisters "k8s.io/client-go/listers/core/v1"
	scaleclient "k8s.io/client-go/scale"
	metricsclient "k8s.io/kubernetes/pkg/controller/podautoscaler/metrics"

	"evenkeel.dev/referee/upstream"
)

const namespace, name = "store", "shop"

var errNoMetric = errors.New("no metrics returned")

// world is the cluster that the upstream controller believes in: one HPA, one scale, its pods, one reading per metric.
type world struct {
	hpa   *autoscalingv2.HorizontalPodAutoscaler
	scale autoscalingv1.Scale
	pods  []*v1.Pod
	// By metric name; a missing one is an error of the metrics API.
	external map[string]int64 // milli
}

func (w *world) asUpstream() podautoscaler.World {
	return podautoscaler.World{
		Scales: scales{w: w}, HPAs: hpas{w: w}, Mapper: mapper{}, Metrics: metrics{w}, HPAList: hpaLister{w: w},
		Pods: podLister{w: w}, Events: silence{},
	}
}

type scales struct {
	scaleclient.ScaleInterface
	w *world
}

func (s scales) Scales(string) scaleclient.ScaleInterface { return s }
func (s scales) Get(context.Context, schema.GroupResource, string, metav1.GetOptions) (*autoscalingv1.Scale, error) {
	return s.w.scale.DeepCopy(), nil
}
func (s scales) Update(_ context.Context, _ schema.GroupResource, scale *autoscalingv1.Scale,
	_ metav1.UpdateOptions) (*autoscalingv1.Scale, error) {
	s.w.scale.Spec.Replicas = scale.Spec.Replicas
	return scale, nil
}

type hpas struct {
	autoscalingclient.HorizontalPodAutoscalerInterface
	w *world
}

func (h hpas) HorizontalPodAutoscalers(string) autoscalingclient.HorizontalPodAutoscalerInterface { return h }
func (h hpas) UpdateStatus(_ context.Context, hpa *autoscalingv2.HorizontalPodAutoscaler,
	_ metav1.UpdateOptions) (*autoscalingv2.HorizontalPodAutoscaler, error) {
	h.w.hpa.Status = hpa.Status
	return hpa, nil
}

type hpaLister struct {
	autoscalinglisters.HorizontalPodAutoscalerLister
	autoscalinglisters.HorizontalPodAutoscalerNamespaceLister
	w *world
}

func (l hpaLister) HorizontalPodAutoscalers(string) autoscalinglisters.HorizontalPodAutoscalerNamespaceLister {
	return oneHPA{w: l.w}
}
func (l hpaLister) List(labels.Selector) ([]*autoscalingv2.HorizontalPodAutoscaler, error) {
	return []*autoscalingv2.HorizontalPodAutoscaler{l.w.hpa}, nil
}

type oneHPA struct {
	autoscalinglisters.HorizontalPodAutoscalerNamespaceLister
	w *world
}

func (l oneHPA) Get(wanted string) (*autoscalingv2.HorizontalPodAutoscaler, error) {
	if wanted != name {
		return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "horizontalpodautoscalers"}, wanted)
	}
	return l.w.hpa, nil
}

type podLister struct {
	corelisters.PodLister
	w *world
}

func (l podLister) Pods(string) corelisters.PodNamespaceLister { return podsOf{w: l.w} }

type podsOf struct {
	corelisters.PodNamespaceLister
	w *world
}

func (l podsOf) List(labels.Selector) ([]*v1.Pod, error) { return l.w.pods, nil }

type mapper struct{ apimeta.RESTMapper }

func (mapper) RESTMappings(schema.GroupKind, ...string) ([]*apimeta.RESTMapping, error) {
	return []*apimeta.RESTMapping{{Resource: schema.GroupVersionResource{Group: "apps", Version: "v1",
		Resource: "deployments"}}}, nil
}

type metrics struct{ w *world }

func (m metrics) GetResourceMetric(context.Context, v1.ResourceName, string, labels.Selector, string) (
	metricsclient.PodMetricsInfo, time.Time, error) {
	return nil, time.Time{}, errNoMetric
}
func (m metrics) GetRawMetric(string, string, labels.Selector, labels.Selector) (
	metricsclient.PodMetricsInfo, time.Time, error) {
	return nil, time.Time{}, errNoMetric
}
func (m metrics) GetObjectMetric(string, string, *autoscalingv2.CrossVersionObjectReference, labels.Selector) (
	int64, time.Time, error) {
	return 0, time.Time{}, errNoMetric
}
func (m metrics) GetExternalMetric(metric string, _ string, _ labels.Selector) ([]int64, time.Time, error) {
	value, ok := m.w.external[metric]
	if !ok {
		return nil, time.Time{}, errNoMetric
	}
	return []int64{value}, time.Time{}, nil
}

type silence struct{}

func (silence) Event(runtime.Object, string, string, string)                                        {}
func (silence) Eventf(runtime.Object, string, string, string, ...interface{})                       {}
func (silence) AnnotatedEventf(runtime.Object, map[string]string, string, string, string, ...interface{}) {}
