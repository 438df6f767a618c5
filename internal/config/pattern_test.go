package config

import (
	"reflect"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/object"
)

func pattern(t testing.TB, text string) Pattern {
	t.Helper()
	p, err := ParsePattern(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return p
}

// source splits bucket/key.
func source(path string) object.Source {
	bucket, key, _ := strings.Cut(path, "/")
	return object.Source{Bucket: bucket, Key: key}
}

func TestPatternMatch(t *testing.T) {
	tests := []struct {
		pattern string
		yes, no []string // as bucket/key
	}{
		{"s3://b/a.gz", []string{"b/a.gz"}, []string{"b/aXgz", "b/a.gz/", "b/a.gzz", "b/x/a.gz", "b/A.gz", "bb/a.gz", "b//a.gz", "B/a.gz"}},
		{"s3://b/*", []string{"b/a", "b/a.b c", "b/"}, []string{"b/a/b", "b/a/"}},
		{"s3://b/a*z", []string{"b/az", "b/aaz", "b/a z"}, []string{"b/a/z", "b/aza"}},
		{"s3://b/?", []string{"b/a", "b/ü", "b/日", "b/\n", "b/\xff"}, []string{"b/", "b//", "b/ab"}},
		{"s3://b/a??", []string{"b/abc"}, []string{"b/ab", "b/abcd", "b/a/b"}},
		{"s3://b/**", []string{"b/a", "b/a/b/c", "b/a//b", "b/\n\x00\xff"}, []string{"c/a"}},
		{"s3://b/a/**", []string{"b/a/b", "b/a/b/c", "b/a/"}, []string{"b/a", "b/ab/c"}},
		{"s3://b/**/z", []string{"b/z", "b/a/z", "b/a/b/z", "b//z"}, []string{"b/az", "b/a/z/", "b/a/zz"}},
		{"s3://b/a/**/z", []string{"b/a/z", "b/a/x/z", "b/a/x/y/z"}, []string{"b/az", "b/a/xz", "b/x/a/z"}},
		{"s3://b/**.gz", []string{"b/.gz", "b/a.gz", "b/a/b.gz"}, []string{"b/a.gzip", "b/agz"}},
		{"s3://b/a**z", []string{"b/az", "b/a/b/z"}, []string{"b/a/z/y"}},
		{"s3://b/a**/z", []string{"b/a/z", "b/ab/z", "b/a/b/z"}, []string{"b/az"}},
		{"s3://b-*/x", []string{"b-/x", "b-a/x", "b-a.b/x"}, []string{"b/x", "b-a/b/x"}},
		{"s3://b?/x", []string{"ba/x"}, []string{"b/x", "bab/x"}},
		// Characters that mean something to a regular expression, to a shell or to YAML.
		{"s3://b/a.b+c(d)|e^f$g", []string{"b/a.b+c(d)|e^f$g"}, []string{"b/aXb+c(d)|e^f$g", "b/a.bbc(d)|e^f$g", "b/a.b+c(d)", "b/e^f$g"}},
		{"s3://b/a b/ü 日.gz", []string{"b/a b/ü 日.gz"}, []string{"b/a+b/ü 日.gz", "b/a%20b/ü 日.gz"}},
		{"s3://b/a\nb", []string{"b/a\nb"}, []string{"b/a", "b/b", "b/a\nb\n"}},
		{"s3://b/x*", []string{"b/x\n", "b/x[a]", `b/x\`, "b/x{y}", "b/x**"}, []string{"b/\nx"}},
		{"s3://b//a", []string{"b//a"}, []string{"b/a"}},
		{"s3://b/../a", []string{"b/../a"}, []string{"b/a"}},
		{"s3://acme-elb-logs/**/elasticloadbalancing/*/*/*/*/*_app.*.log.gz",
			[]string{
				"acme-elb-logs/AWSLogs/1/elasticloadbalancing/eu-west-1/2026/01/02/1_elasticloadbalancing_eu-west-1_app.lb.0_20260102T0000Z_1.2.3.4_x.log.gz",
				"acme-elb-logs/elasticloadbalancing/eu-west-1/2026/01/02/1_app.x.log.gz",
			},
			[]string{"acme-elb-logs/AWSLogs/1/elasticloadbalancing/eu-west-1/2026/01/1_app.x.log.gz", "acme-elb-logs/AWSLogs/1/elasticloadbalancing/eu-west-1/2026/01/02/1_net.x.log.gz"}},
	}
	for _, tt := range tests {
		p := pattern(t, tt.pattern)
		if p.String() != tt.pattern {
			t.Errorf("%s reads %s", tt.pattern, p)
		}
		for _, path := range tt.yes {
			if _, ok := p.Match(source(path)); !ok {
				t.Errorf("%s does not match %q", tt.pattern, path)
			}
		}
		for _, path := range tt.no {
			if _, ok := p.Match(source(path)); ok {
				t.Errorf("%s matches %q", tt.pattern, path)
			}
		}
	}
}

func TestPatternCaptures(t *testing.T) {
	tests := []struct {
		pattern, path string
		want          map[string]string // nil: no match
	}{
		{"s3://b/{service}/**.gz", "b/shop/2026/a.gz", map[string]string{"service": "shop"}},
		{"s3://b/{service}/**.gz", "b//a.gz", nil},
		{"s3://b/{service}/**.gz", "b/a.gz", nil},
		{"s3://b-{env}/{service}_{kind}.log", "b-prod/shop_access.log", map[string]string{"env": "prod", "service": "shop", "kind": "access"}},
		{"s3://b/{a}-{b}", "b/x-y-z", map[string]string{"a": "x-y", "b": "z"}}, // the first takes as much as it can
		{"s3://b/{a}{b}", "b/xyz", map[string]string{"a": "xy", "b": "z"}},
		{"s3://b/{a}", "b/\n' ;--\xff", map[string]string{"a": "\n' ;--\xff"}},
		{"s3://b/**/{a}/x", "b/1/2/3/x", map[string]string{"a": "3"}},
		{"s3://b/x", "b/x", map[string]string{}},
	}
	for _, tt := range tests {
		got, ok := pattern(t, tt.pattern).Match(source(tt.path))
		if ok != (tt.want != nil) || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s on %q: %q, %v; want %q", tt.pattern, tt.path, got, ok, tt.want)
		}
	}
}

func TestPatternNames(t *testing.T) {
	p := pattern(t, "s3://b-{env}/**/{service}/{a_1}*")
	names := p.Names()
	if want := []string{"env", "service", "a_1"}; !reflect.DeepEqual(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
	names[0] = "changed"
	if got, _ := p.Match(source("b-x/y/z")); !reflect.DeepEqual(got, map[string]string{"env": "x", "service": "y", "a_1": "z"}) {
		t.Errorf("captures %q", got)
	}
}

func TestZeroPatternMatchesNothing(t *testing.T) {
	var p Pattern
	if _, ok := p.Match(source("b/a")); ok || p.String() != "" || p.Names() != nil {
		t.Error("the zero pattern says something")
	}
}

// Patterns on which a backtracking matcher would not come back, on keys as long as S3 allows.
func TestPatternHostile(t *testing.T) {
	as := strings.Repeat("a", 1024)
	slashes := strings.Repeat("a/", 512)
	tests := []struct{ pattern, key string }{
		{"s3://b/**/*a*a*a*a*b", as},
		{"s3://b/" + strings.Repeat("*a", 500) + "b", as},
		{"s3://b/" + strings.Repeat("**/", 300) + "b", slashes},
		{"s3://b/" + strings.Repeat("**a", 300) + "b", slashes + as},
		{"s3://b/" + strings.Repeat("?*", 500) + "b", as},
		{"s3://b/**" + strings.Repeat("/{"+"x}", 1) + "/*/*/*/*/b", slashes},
	}
	for _, tt := range tests {
		if _, ok := pattern(t, tt.pattern).Match(object.Source{Bucket: "b", Key: tt.key}); ok {
			t.Errorf("%.40s matches a key without a b", tt.pattern)
		}
		if _, ok := pattern(t, tt.pattern).Match(object.Source{Bucket: "b", Key: tt.key + "b"}); !ok && !strings.Contains(tt.pattern, "{") {
			t.Errorf("%.40s does not match a key with a b", tt.pattern)
		}
	}
}

func FuzzPatternMatch(f *testing.F) {
	f.Add("s3://b/**/*a*a*a*a*b", "b", "a/aaaa\n")
	f.Add("s3://b-{env}/{service}/**.gz", "b-x", "y/z.gz")
	f.Add("s3://b/(?P<x>.*)|^$", "b", "(?P<x>.*)|^$")
	f.Fuzz(func(t *testing.T, text, bucket, key string) {
		p, err := ParsePattern(text)
		if err != nil {
			return
		}
		captures, ok := p.Match(object.Source{Bucket: bucket, Key: key})
		if !ok {
			// Without wildcards a pattern is the address of one object.
			if !strings.ContainsAny(text, "*?{") && text == "s3://"+bucket+"/"+key {
				t.Errorf("%q does not match itself", text)
			}
			return
		}
		if !strings.ContainsAny(text, "*?{") && text != "s3://"+bucket+"/"+key {
			t.Errorf("%q matches s3://%s/%q", text, bucket, key)
		}
		for _, name := range p.Names() {
			if v := captures[name]; v == "" || strings.Contains(v, "/") {
				t.Errorf("{%s} stands for %q", name, v)
			}
			checkName := fillName("{"+name+"}", captures)
			if !tableName.MatchString(checkName) || strings.ContainsAny(checkName, "{}-") || isReserved(checkName) {
				t.Errorf("{%s} makes the table %q", name, checkName)
			}
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	p := pattern(b, "s3://acme-elb-logs/{team}/**/elasticloadbalancing/*/*/*/*/*_app.*.log.gz")
	s := source("acme-elb-logs/shop/AWSLogs/1/elasticloadbalancing/eu-west-1/2026/01/02/1_elasticloadbalancing_eu-west-1_app.lb.0_20260102T0000Z_1.2.3.4_x.log.gz")
	for b.Loop() {
		if _, ok := p.Match(s); !ok {
			b.Fatal("no match")
		}
	}
}
