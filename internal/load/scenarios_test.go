package load

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seneka-io/seneka/internal/object"
)

const (
	v1 = "a\nbad\n"
	v2 = "c\n"
)

// scenarios are those that are explored in every order.
func scenarios() []scenario {
	one, two := delivery{key: "k", etag: "v1", content: v1}, delivery{key: "k", etag: "v2", content: v2, over: true}
	at := func(slot int, d delivery) delivery { d.on = slot; return d }
	all := []scenario{
		{name: "own-streams", instances: []loaderKind{ownStreams, ownStreams}, deliveries: []delivery{one, at(1, one)}, faults: 1},
		{name: "own-streams-one-instance", instances: []loaderKind{ownStreams}, deliveries: []delivery{one, one}, faults: 2},
		{name: "own-streams-two-versions", instances: []loaderKind{ownStreams, ownStreams}, deliveries: []delivery{one, at(1, two)}, faults: 1},
		{name: "own-streams-a-day", instances: []loaderKind{ownStreams, ownStreams}, deliveries: []delivery{one, at(1, one)}, faults: 1, days: 1},
		{name: "pooled", instances: []loaderKind{pooledLoader, pooledLoader}, deliveries: []delivery{one, at(1, one)}, faults: 1},
		{name: "pooled-one-instance", instances: []loaderKind{pooledLoader}, deliveries: []delivery{one, one}, faults: 1},
		{name: "pooled-two-versions", instances: []loaderKind{pooledLoader, pooledLoader}, deliveries: []delivery{one, at(1, two)}, faults: 1},
		{name: "pooled-a-day", instances: []loaderKind{pooledLoader, pooledLoader}, deliveries: []delivery{one, at(1, one)}, faults: 1, days: 1},
		{name: "pooled-drained", instances: []loaderKind{pooledLoader, pooledLoader}, deliveries: []delivery{one, at(1, one)}, faults: 1, drains: 1},
		{name: "pooled-refused", instances: []loaderKind{pooledLoader, pooledLoader}, deliveries: []delivery{one, at(1, one)}, faults: 1, refuse: true},
		{name: "pooled-two-files", instances: []loaderKind{pooledLoader}, deliveries: []delivery{one, {key: "other", etag: "v1", content: "d\n"}}, faults: 1},
		{name: "backfill", instances: []loaderKind{pooledLoader, ownStreams}, deliveries: []delivery{one, at(1, one)}, faults: 1},
	}
	return all
}

// threes are those of three deliveries, played at random.
func threes() []scenario {
	one, two := delivery{key: "k", etag: "v1", content: v1}, delivery{key: "k", etag: "v2", content: v2, over: true}
	at := func(slot int, d delivery) delivery { d.on = slot; return d }
	return []scenario{
		{name: "pooled-three", instances: []loaderKind{pooledLoader, pooledLoader, pooledLoader}, deliveries: []delivery{one, at(1, one), at(2, two)}, faults: 3, days: 1, drains: 1},
		{name: "own-streams-three", instances: []loaderKind{ownStreams, ownStreams, ownStreams}, deliveries: []delivery{one, at(1, one), at(2, two)}, faults: 3, days: 1},
	}
}

// expected returns the rows and the rejects of a file of lines.
func expected(content string) (rows, rejects []string) {
	for i, line := range strings.Split(strings.TrimSuffix(content, "\n"), "\n") {
		if strings.HasPrefix(line, "bad") {
			rejects = append(rejects, fmt.Sprintf("%d:%s", i+1, line))
		} else {
			rows = append(rows, fmt.Sprintf("%d:%s", i+1, line))
		}
	}
	slices.Sort(rows)
	slices.Sort(rejects)
	return rows, rejects
}

func claimOf(f File) string { return object.ClaimName(f.Source, "d.t") }
