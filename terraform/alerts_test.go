package terraform

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/seneka-io/seneka/internal/telemetry"
)

// alerts returns the alerts of both sides, by name, with what they are written as.
func alerts(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for dir, local := range map[string]string{"modules/aws": "all_alarms", "modules/gcp": "all_alerts"} {
		b, e := load(t, dir).local(local)
		for name, a := range members(t, e) {
			found[name] += b.source(a)
		}
	}
	return found
}

// Each alert has a playbook of its name, and each playbook an alert.
func TestPlaybooks(t *testing.T) {
	files, err := filepath.Glob("playbooks/*.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".md"))
	}
	if want := slices.Sorted(maps.Keys(alerts(t))); !slices.Equal(names, want) {
		t.Errorf("there are playbooks for %v and alerts %v", names, want)
	}
	for _, file := range files {
		text := read(t, file)
		for _, part := range []string{"## What it means", "## How to look", "## What to do"} {
			if !strings.Contains(text, "\n"+part+"\n") {
				t.Errorf("%s has no part %q", file, part)
			}
		}
	}
}

var (
	ours   = regexp.MustCompile(`\{\\?"((?:seneka|go)\.[\w.]+?)(_bucket)?\\?"`)
	labels = regexp.MustCompile(`by \(([\w, ]+)\)|\\?"(\w+)\\?"=~?`)
)

// What alerts and charts ask for is measured: by a metric of that name, with those attributes, as a histogram where buckets are
// asked for. What they ask of Google is what Google has.
func TestAlertsAreMeasured(t *testing.T) {
	metrics := map[string]telemetry.Metric{}
	for _, m := range telemetry.Metrics() {
		metrics[m.Name] = m
	}
	google := regexp.MustCompile(`\b(\w+_googleapis_com:\w+)`)
	queries := alerts(t)
	b, charts := load(t, "modules/gcp").local("charts")
	for _, c := range charts.(*hclsyntax.TupleConsExpr).Exprs {
		for legend, q := range members(t, members(t, c)["lines"]) {
			queries["chart "+b.source(members(t, c)["title"])+", "+legend] = b.source(q)
		}
	}
	asked := map[string]bool{}
	for name, text := range queries {
		known := []string{"le", "job", "instance"} // of Prometheus itself: a bucket's, and whom a number is of
		for _, m := range ours.FindAllStringSubmatch(text, -1) {
			metric, ok := metrics[m[1]]
			if !ok {
				t.Errorf("%s asks for %s, which nobody measures", name, m[1])
				continue
			}
			asked[m[1]] = true
			known = append(known, metric.Attributes...)
			if (metric.Kind == telemetry.Histogram) != (m[2] != "") {
				t.Errorf("%s asks for %s%s, which is a %s", name, m[1], m[2], metric.Kind)
			}
		}
		for _, l := range labels.FindAllStringSubmatch(text, -1) {
			for _, label := range strings.Split(l[1]+l[2], ",") {
				if label = strings.TrimSpace(label); !slices.Contains(known, label) {
					t.Errorf("%s asks by %s, which its metrics do not have", name, label)
				}
			}
		}
		for _, m := range google.FindAllStringSubmatch(text, -1) {
			if !slices.Contains([]string{"pubsub_googleapis_com:subscription_oldest_unacked_message_age", "pubsub_googleapis_com:subscription_num_undelivered_messages"}, m[1]) {
				t.Errorf("%s asks for %s: look it up in Google's list of metrics, and name it here", name, m[1])
			}
		}
	}
	for name := range metrics {
		if !asked[name] {
			t.Errorf("%s is measured, and neither an alert nor a chart shows it", name)
		}
	}
}

// The outcome that the alert on rejects asks for is one that a load has.
func TestOutcomesExist(t *testing.T) {
	m := regexp.MustCompile(`"outcome\\?"=\\?"(\w+)`).FindStringSubmatch(alerts(t)["reject-ratio"])
	if m == nil || !strings.Contains(read(t, root+"/internal/load/load.go")+read(t, root+"/internal/load/record.go"), `Outcome = "`+m[1]+`"`) {
		t.Errorf("%v is no outcome of a load", m)
	}
}
