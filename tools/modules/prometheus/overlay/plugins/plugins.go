// Package plugins with Kubernetes discovery alone: the clients of twenty clouds are most of Prometheus' build
// time.
package plugins

import _ "github.com/prometheus/prometheus/discovery/kubernetes" // Registers itself.
