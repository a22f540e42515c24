// Referee plays the same random lives to the upstream HorizontalPodAutoscaler controller and to `evenkeel decide --stream`
// and stops at the first difference that is not one of the deliberate ones of docs/decision.md.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/klog/v2"
)

func main() {
	binary := flag.String("evenkeel", "evenkeel", "the binary to examine")
	steps := flag.Int("steps", 20_000, "decisions to compare")
	seed := flag.Uint64("seed", 1, "seed of the lives; printed with every difference")
	only := flag.Int64("life", -1, "play this life only")
	differences := flag.Int("differences", 1, "stop after so many lives that differ")
	flag.BoolVar(&totalsOnly, "totals-only", false, "no metrics of pods")
	flag.Parse()
	if *only >= 0 {
		traced = os.Stderr
	}
	if err := prepare(); err != nil {
		fail(err)
	}
	examined, err := startEvenkeel(*binary)
	if err != nil {
		fail(err)
	}
	found := 0
	tally := newTally()
	for number := uint64(0); tally.steps < *steps && found < *differences; number++ {
		if *only >= 0 {
			number = uint64(*only)
		}
		if err := newGame(newLife(*seed, number), examined, tally).play(); err != nil {
			fmt.Fprintf(os.Stderr, "referee: seed %d, life %d: %v\n", *seed, number, err)
			found++
		}
		if *only >= 0 {
			break
		}
	}
	if err := examined.stop(); err != nil {
		fail(err)
	}
	if found > 0 {
		os.Exit(1)
	}
	if *only >= 0 {
		return
	}
	tally.print(os.Stdout)
	if missing := tally.missing(); len(missing) > 0 {
		fail(fmt.Errorf("never taken: %q: more steps or a better generator", missing))
	}
}

// prepare sets up what is global in upstream: its feature gates and its log.
func prepare() error {
	klog.SetOutput(io.Discard)
	klog.LogToStderr(false)
	return utilfeature.DefaultMutableFeatureGate.Set("HPAConfigurableTolerance=true")
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "referee:", err)
	os.Exit(1)
}
