module evenkeel.dev/tools/gateway-api

go 1.26

// Used for its manifests only, so `go mod tidy` would drop it: change the version by hand, then run
// `go mod download sigs.k8s.io/gateway-api`, which rewrites go.sum.
require sigs.k8s.io/gateway-api v1.4.1
