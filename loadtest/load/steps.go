package main

import (
	"context"
	"regexp"
	"strconv"

	"github.com/seneka-io/seneka/internal/telemetry"
)

// spent is how often something was done, and how long all of it took.
type spent struct{ count, seconds float64 }

// steps is what the loader has spent in calls of services, by their names, and in loads.
type steps map[string]spent

// ofLoads is the step that has all others in it.
const ofLoads = "load"

var sample = regexp.MustCompile(`(?m)^(\w+)_(sum|count)\{(.*)\} (\S+)$`)
var callLabel = regexp.MustCompile(`(?:^|,)` + telemetry.AttrCall + `="([^"]*)"`)

// steps asks the loader.
func (l *loader) steps(ctx context.Context) (steps, error) {
	text, err := l.get(ctx, l.metrics)
	if err != nil {
		return nil, err
	}
	return parseSteps(string(text)), nil
}

// parseSteps reads what Prometheus reads.
func parseSteps(text string) steps {
	names := map[string]string{}
	for _, m := range telemetry.Metrics() {
		names[m.Prometheus()] = m.Name
	}
	all := steps{}
	for _, m := range sample.FindAllStringSubmatch(text, -1) {
		step := ofLoads
		switch names[m[1]] {
		case telemetry.CallsDuration:
			label := callLabel.FindStringSubmatch(m[3])
			if label == nil {
				continue
			}
			step = label[1]
		case telemetry.LoaderDuration:
		default:
			continue
		}
		value, err := strconv.ParseFloat(m[4], 64)
		if err != nil {
			continue
		}
		s := all[step]
		if m[2] == "sum" {
			s.seconds += value
		} else {
			s.count += value
		}
		all[step] = s
	}
	return all
}

// since returns what has come since before, in milliseconds of each load.
func (s steps) since(before steps, loads int) map[string]float64 {
	out := map[string]float64{}
	for name, now := range s {
		if took := now.seconds - before[name].seconds; now.count > before[name].count {
			out[name] = 1000 * took / float64(loads)
		}
	}
	return out
}
