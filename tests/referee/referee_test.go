package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// silent answers nothing: what counts is planted over it.
type silent struct{}

func (silent) decide(json.RawMessage) (answer, error) { return answer{}, nil }

func TestMain(m *testing.M) {
	if err := prepare(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// playUntil plays lives with what `plant` makes of the right answers, until one is refused or the steps are used up.
func playUntil(steps int, plant func(e expectation, theirs int32, count *int32)) (refused error, tally *tally) {
	tally = newTally()
	for number := uint64(0); tally.steps < steps; number++ {
		g := newGame(newLife(7, number), silent{}, tally)
		g.plant = plant
		if err := g.play(); err != nil {
			return err, tally
		}
	}
	return nil, tally
}

func obey(e expectation, _ int32, count *int32) { *count = e.count }

func TestTheRightAnswersAreAccepted(t *testing.T) {
	refused, tally := playUntil(20_000, obey)
	if refused != nil {
		t.Fatal(refused)
	}
	for _, r := range rules {
		if tally.apart[r] == 0 {
			t.Errorf("rule %q never made a difference", r)
		}
	}
}

// A rule is tight when nothing but its own answer passes: not upstream's, not the old count, not one more or one less.
func TestAnotherDifferenceThanTheDeliberateOneIsCaught(t *testing.T) {
	plants := map[string]func(e expectation, theirs int32) int32{
		"one more":       func(e expectation, _ int32) int32 { return e.count + 1 },
		"one less":       func(e expectation, _ int32) int32 { return e.count - 1 },
		"upstream's own": func(_ expectation, theirs int32) int32 { return theirs },
	}
	for _, r := range rules {
		for what, wrong := range plants {
			t.Run(string(r)+", "+what, func(t *testing.T) {
				planted := false
				refused, _ := playUntil(20_000, func(e expectation, theirs int32, count *int32) {
					*count = e.count
					if e.rules[r] && e.count != theirs {
						*count = wrong(e, theirs)
						planted = true
					}
				})
				if !planted {
					t.Fatal("there was no occasion for it")
				}
				if refused == nil || !strings.Contains(refused.Error(), "evenkeel goes to") {
					t.Fatalf("it passed: %v", refused)
				}
			})
		}
	}
}

// Where no rule is at work only upstream's answer passes.
func TestADifferenceWithoutARuleIsCaught(t *testing.T) {
	for _, by := range []int32{-1, 1} {
		refused, _ := playUntil(20_000, func(e expectation, theirs int32, count *int32) {
			*count = e.count
			if len(e.rules) == 0 {
				*count += by
			}
		})
		if refused == nil {
			t.Errorf("%+d passed", by)
		}
	}
}

// A rule may only be named when the inputs ask for it: taken away, the same difference has no excuse.
func TestADifferenceOfTheModelNeedsARule(t *testing.T) {
	g := newGame(newLife(7, 0), silent{}, newTally())
	if err := g.judge(expectation{count: 5, rules: map[rule]bool{}}, 4, 6); err == nil {
		t.Error("5 for 6 passed without a rule")
	}
}
