module evenkeel.dev/tools/prometheus

go 1.26

// Built in a copy of the module, with its own go.mod and go.sum and with overlay/ laid over it. Nothing here imports it,
// so `go mod tidy` would drop it: change the version by hand, then run `go mod download github.com/prometheus/prometheus`.
require github.com/prometheus/prometheus v0.307.3
