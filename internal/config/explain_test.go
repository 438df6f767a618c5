package config

import (
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/object"
)

// Which part of a pattern a key fails at, and how near the pattern is.
func TestMiss(t *testing.T) {
	tests := []struct{ pattern, file, why string }{
		{"s3://logs/alb/*/x.log", "gs://logs/alb/1/x.log", "it is about s3:// objects"},
		{"s3://logs/alb/*/x.log", "s3://other/alb/1/x.log", "the bucket is other, the pattern's logs"},
		{"s3://logs/alb/*/x.log", "s3://logs/elb/1/x.log", `"elb" of the key does not match "alb" of the pattern`},
		{"s3://logs/alb/*/x.log", "s3://logs/alb/1/y.log", `"y.log" of the key does not match "x.log" of the pattern`},
		{"s3://logs/alb/*/x.log", "s3://logs/alb/1", `the key ends before "x.log" of the pattern`},
		{"s3://logs/alb/*/x.log", "s3://logs/alb/1/x.log/2", `the key goes on with "/2" behind what the pattern takes`},
		{"s3://logs/alb/*.log", "s3://logs/alb/2026/01/x.log", `"2026" of the key does not match "*.log" of the pattern; it would if * were **, which takes folders too`},
		{"s3://logs/*/x.log", "s3://logs/a/b/x.log", `"b" of the key does not match "x.log" of the pattern; it would if * were **, which takes folders too`},
		{"s3://logs/**/elb/*_app.*.log.gz", "s3://logs/AWSLogs/1/cloudtrail/f_app.x.log.gz", `nothing in the key matches "elb" behind "logs/**" of the pattern`},
		{"s3://logs/**/elb/*_app.*.log.gz", "s3://logs/AWSLogs/1/elb/f_net.x.log.gz", `nothing in the key matches "*_app.*.log.gz" behind "logs/**/elb" of the pattern`},
		{"s3://logs/**.gz", "s3://logs/a/b.log", `the rest of the key, "a/b.log", does not match "**.gz" of the pattern`},
		{"s3://logs/ALB/**", "s3://logs/alb/x.log", `"alb" of the key does not match "ALB" of the pattern; it would, but for upper and lower case`},
		{"s3://logs/{team}/**", "s3://logs/x.log", `the key ends before "**" of the pattern`},
	}
	for _, tt := range tests {
		p, err := ParsePattern(tt.pattern)
		if err != nil {
			t.Fatal(err)
		}
		s := sourceOf(tt.file)
		if _, ok := p.Match(s); ok {
			t.Errorf("%s takes %s", tt.pattern, tt.file)
		}
		why, share := p.miss(s)
		if why != tt.why || share < 0 || share >= 1 {
			t.Errorf("%s, %s: %q, %g; want %q", tt.pattern, tt.file, why, share, tt.why)
		}
	}
}

func sourceOf(file string) object.Source {
	scheme, rest, _ := strings.Cut(file, "://")
	s := object.Source{}
	if scheme == "gs" {
		s.Store = object.GCS
	}
	s.Bucket, s.Key, _ = strings.Cut(rest, "/")
	return s
}

// The sources are tried in their order, up to the one that Match finds; the nearest of those that do
// not match is the one of which most does.
func TestExplain(t *testing.T) {
	c := parse(t, `project: acme-logs
landing: gs://acme-landing
ledger: gs://acme-ledger
queue: https://sqs.us-east-1.amazonaws.com/123456789012/seneka
sources:
  - {name: a, match: "s3://logs/a/**", format: alb, table: logs.a}
  - {name: b, match: "s3://logs/b/*/x/*.log", format: alb, table: logs.b}
  - {name: own, match: "gs://acme-landing/own/**", format: alb, table: logs.a}
  - {name: c, match: "s3://logs/**", format: alb, table: logs.c}
`)
	names := func(file string) (names string) {
		trials := c.Explain(sourceOf(file))
		for _, trial := range trials {
			names += trial.Source.Name
			if trial.Matched {
				names += "!"
			} else if trial.Why == "" {
				t.Errorf("%s: nothing said of %s", file, trial.Source.Name)
			}
		}
		if n := Nearest(trials); n != nil && !n.Matched {
			names += " near " + n.Source.Name
		}
		return names
	}
	for file, want := range map[string]string{
		"s3://logs/a/1":                  "a!",
		"s3://logs/b/1/x/1.log":          "ab!",
		"s3://logs/other":                "abownc!",
		"s3://none/1":                    "abownc",
		"gs://acme-landing/own/1":        "abown!",
		"gs://acme-landing/logs/b/1/x/z": "abownc!",
		"gs://acme-landing/none/b/1/x/z": "abownc near own",
		"gs://other/logs/b/1/x/1.log":    "abownc",
	} {
		if got := names(file); got != want {
			t.Errorf("%s: %s, want %s", file, got, want)
		}
	}
}
