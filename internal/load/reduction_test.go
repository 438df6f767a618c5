package load

import (
	"maps"
	"slices"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// What TestExplore leaves out differs in nothing: of small scenarios it comes to the same ends, by
// deliveries that are answered the same, as a search that leaves out no order of calls, keeps every request on its way, takes no delivery for
// another, and takes two states for one only if they have the same history.
func TestReduction(t *testing.T) {
	one, two := delivery{key: "k", etag: "v1", content: v1}, delivery{key: "k", etag: "v2", content: v2, over: true}
	at := func(slot int, d delivery) delivery { d.on = slot; return d }
	lightly(t)
	all := []scenario{
		{name: "own stream, a fault", instances: []loaderKind{ownStreams}, deliveries: []delivery{one}, faults: 1},
		{name: "own stream, two faults", instances: []loaderKind{ownStreams}, deliveries: []delivery{one}, faults: 2},
		{name: "own stream, a fault, a day", instances: []loaderKind{ownStreams}, deliveries: []delivery{one}, faults: 1, days: 1},
		{name: "pooled stream, two faults", instances: []loaderKind{pooledLoader}, deliveries: []delivery{one}, faults: 2},
		{name: "pooled stream, a fault, drained, a day", instances: []loaderKind{pooledLoader}, deliveries: []delivery{one}, faults: 1, drains: 1, days: 1},
		{name: "pooled stream, refused", instances: []loaderKind{pooledLoader}, deliveries: []delivery{one}, faults: 2, refuse: true},
		{name: "own streams", instances: []loaderKind{ownStreams, ownStreams}, deliveries: []delivery{one, at(1, one)}},
		{name: "pooled streams", instances: []loaderKind{pooledLoader, pooledLoader}, deliveries: []delivery{one, at(1, one)}},
		{name: "pooled streams, one instance", instances: []loaderKind{pooledLoader}, deliveries: []delivery{one, one}},
		{name: "two versions", instances: []loaderKind{pooledLoader, ownStreams}, deliveries: []delivery{one, at(1, two)}},
	}
	if raced() {
		all = all[:2]
	}
	for _, sc := range all {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			sc.faults += *deep
			found := map[bool]map[string]bool{}
			for _, full := range []bool{false, true} {
				sc.full = full
				e := &explorer{sc: &sc, known: &types{known: map[string]protoreflect.MessageDescriptor{}}, visited: map[uint64]bool{}, ends: map[string]bool{}, heard: map[string]bool{}}
				if p := e.explore(t); p != nil {
					t.Fatalf("full %v: %s", full, p.story())
				}
				t.Logf("full %v: %d states, %d plays, %d ends, %d histories of a round", full, len(e.visited), e.plays, len(e.ends), len(e.heard))
				found[full] = e.ends
				maps.Copy(found[full], e.heard)
			}
			for _, full := range []bool{false, true} {
				for _, what := range slices.Sorted(maps.Keys(found[full])) {
					if !found[!full][what] {
						t.Errorf("only with full %v:\n%s", full, what)
					}
				}
			}
		})
	}
}
