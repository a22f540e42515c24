package main

import (
	"context"
	"errors"
	"maps"
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
const key = namespace + "/" + name

var (
	errNoMetric = errors.New("no metrics returned")
	errRefused  = errors.New("the API server refuses the write")
)

// world is the cluster that the upstream controller believes in: one HPA, one scale, its pods and their metrics.
type world struct {
	hpa   *autoscalingv2.HorizontalPodAutoscaler
	scale autoscalingv1.Scale
	view  *view // what the controller is shown now

	refuse  bool  // writes of the scale fail
	written bool  // the last pass has written the scale
	wanted  int32 // the count that the last pass wanted
	shared  bool  // readings of pods are handed out themselves: nobody will change them
}

// view is the pods and metrics of one step as one side takes them. A metric that is not there is an error of its API.
type view struct {
	pods   []*v1.Pod
	totals map[string][]int64                      // external and object metrics by name, milli
	perPod map[string]metricsclient.PodMetricsInfo // by name, or resource/container
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
	s.w.wanted = scale.Spec.Replicas
	if s.w.refuse {
		return nil, errRefused
	}
	s.w.written = true
	s.w.scale.Spec.Replicas = scale.Spec.Replicas
	return scale, nil
}

type hpas struct {
	autoscalingclient.HorizontalPodAutoscalerInterface
	w *world
}

func (h hpas) HorizontalPodAutoscalers(string) autoscalingclient.HorizontalPodAutoscalerInterface {
	return h
}
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

func (l podsOf) List(labels.Selector) ([]*v1.Pod, error) { return l.w.view.pods, nil }

type mapper struct{ apimeta.RESTMapper }

func (mapper) RESTMappings(schema.GroupKind, ...string) ([]*apimeta.RESTMapping, error) {
	return []*apimeta.RESTMapping{{Resource: schema.GroupVersionResource{Group: "apps", Version: "v1",
		Resource: "deployments"}}}, nil
}

type metrics struct{ w *world }

func (m metrics) GetResourceMetric(_ context.Context, resource v1.ResourceName, _ string, _ labels.Selector,
	container string) (metricsclient.PodMetricsInfo, time.Time, error) {
	return m.perPod(string(resource) + "/" + container)
}
func (m metrics) GetRawMetric(metric string, _ string, _ labels.Selector, _ labels.Selector) (
	metricsclient.PodMetricsInfo, time.Time, error) {
	return m.perPod(metric)
}

// perPod hands out a copy: the controller adds to it and takes away from it.
func (m metrics) perPod(key string) (metricsclient.PodMetricsInfo, time.Time, error) {
	found, ok := m.w.view.perPod[key]
	if !ok || len(found) == 0 { // the clients of both APIs turn an empty answer into an error
		return nil, time.Time{}, errNoMetric
	}
	if m.w.shared {
		return found, time.Time{}, nil
	}
	return maps.Clone(found), time.Time{}, nil
}
func (m metrics) GetObjectMetric(metric string, _ string, _ *autoscalingv2.CrossVersionObjectReference,
	_ labels.Selector) (int64, time.Time, error) {
	values, ok := m.w.view.totals[metric]
	if !ok || len(values) != 1 {
		return 0, time.Time{}, errNoMetric
	}
	return values[0], time.Time{}, nil
}
func (m metrics) GetExternalMetric(metric string, _ string, _ labels.Selector) ([]int64, time.Time, error) {
	values, ok := m.w.view.totals[metric]
	if !ok || len(values) == 0 {
		return nil, time.Time{}, errNoMetric
	}
	return values, time.Time{}, nil
}

type silence struct{}

func (silence) Event(runtime.Object, string, string, string)                  {}
func (silence) Eventf(runtime.Object, string, string, string, ...interface{}) {}
func (silence) AnnotatedEventf(runtime.Object, map[string]string, string, string, string, ...interface{}) {
}
