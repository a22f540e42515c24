package main

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	metricsclient "k8s.io/kubernetes/pkg/controller/podautoscaler/metrics"

	"evenkeel.dev/referee/upstream"
)

// The replica computation of upstream alone: its calculator on inputs that are ready, without reconcile, status or events.
// Every pod has a sample and counts, so the calculator changes none of its inputs and nothing has to be copied for it.

func benchmarkWorld(pods int) *world {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	podautoscaler.SetNow(start.Add(time.Hour))
	w := &world{view: &view{totals: map[string][]int64{"rps": {170_000}, "latency": {300}},
		perPod: map[string]metricsclient.PodMetricsInfo{"cpu/": {}, "memory/": {}}}}
	requests := v1.ResourceList{v1.ResourceCPU: resource.MustParse("500m"), v1.ResourceMemory: resource.MustParse("1Gi")}
	taken := podautoscaler.Now()
	for i := range pods {
		name := fmt.Sprintf("shop-%d", i)
		w.view.pods = append(w.view.pods, &v1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
			Spec:       v1.PodSpec{Containers: []v1.Container{{Name: "web", Resources: v1.ResourceRequirements{Requests: requests}}}},
			Status: v1.PodStatus{Phase: v1.PodRunning, StartTime: &metav1.Time{Time: start},
				Conditions: []v1.PodCondition{
					{Type: v1.PodReady, Status: v1.ConditionTrue, LastTransitionTime: metav1.Time{Time: start}}}},
		})
		w.view.perPod["cpu/"][name] = metricsclient.PodMetric{Timestamp: taken, Window: time.Minute, Value: 400}
		w.view.perPod["memory/"][name] = metricsclient.PodMetric{
			Timestamp: taken, Window: time.Minute, Value: (800 << 20) * 1000}
	}
	w.scale = autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: int32(pods)}}
	w.shared = true
	return w
}

var tolerances = podautoscaler.NewTolerances(0.1, 0.1)

func calculator(w *world) *podautoscaler.ReplicaCalculator {
	return podautoscaler.NewForReferee(w.asUpstream(), settings()).Calculator()
}

// processorTime is that of all threads: on a busy machine the clock on the wall would count others' work as upstream's.
func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func reportProcessorTime(b *testing.B, before time.Duration) {
	b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/op")
}

// One backend with two metrics of the whole service: an average load and a latency.
func BenchmarkTwoExternalMetrics(b *testing.B) {
	calc := calculator(benchmarkWorld(3))
	defer reportProcessorTime(b, processorTime(b))
	for b.Loop() {
		if _, _, _, err := calc.GetExternalPerPodMetricReplicas(3, 50_000, "rps", tolerances, namespace, nil); err != nil {
			b.Fatal(err)
		}
		if _, _, _, err := calc.GetExternalMetricReplicas(3, 200, "latency", tolerances, namespace, nil,
			labels.Everything()); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkUtilization(b *testing.B, pods int, resources ...v1.ResourceName) {
	calc := calculator(benchmarkWorld(pods))
	defer reportProcessorTime(b, processorTime(b))
	for b.Loop() {
		for _, name := range resources {
			if _, _, _, _, err := calc.GetResourceReplicas(context.Background(), int32(pods), 60, name, tolerances, namespace,
				labels.Everything(), ""); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// One backend with two metrics of its pods.
func BenchmarkTwoResourceMetrics3Pods(b *testing.B) {
	benchmarkUtilization(b, 3, v1.ResourceCPU, v1.ResourceMemory)
}

// One metric of 100 pods.
func BenchmarkUtilization100Pods(b *testing.B) { benchmarkUtilization(b, 100, v1.ResourceCPU) }
