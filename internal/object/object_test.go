package object

import (
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestNewer(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{"0064E8E7E6404BABBE", "0064E8E7E6404BABBD", true},
		{"0064E8E7E6404BABBD", "0064E8E7E6404BABBD", false},
		{"0064E8", "0064E80000", false}, // padded: equal
		{"0064E9", "0064E8FFFF", true},
		{"0064e9", "0064E8FFFF", true},
		{"1", "", true},
		{"", "1", false},
		{"", "", false},
	}
	for _, tt := range tests {
		if got := Newer(tt.a, tt.b); got != tt.want {
			t.Errorf("Newer(%q, %q) = %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestLandingName(t *testing.T) {
	plain := []string{"a.log", "a b+c.log", "AWSLogs/1/ü.gz", "..a/b..", "dir/"}
	for _, key := range plain {
		if got := LandingName(Source{Bucket: "bkt", Key: key}); got != "bkt/"+key {
			t.Errorf("LandingName(%q) = %q, want it unchanged", key, got)
		}
	}
	hostile := []string{"../../x", "a/../b", "a//b", "./a", "a\nb", "a\rb", "a\x00b", "\xff\xfe", strings.Repeat("k", 1024), "..", strings.TrimPrefix(LandingName(Source{Bucket: "bkt", Key: "a//b"}), "bkt/")}
	seen := map[string]string{}
	for _, key := range hostile {
		got := LandingName(Source{Bucket: "bkt", Key: key})
		if !strings.HasPrefix(got, "bkt/_escaped/") || len(got) > 1024 || !utf8.ValidString(got) || strings.ContainsAny(got, "\r\n") {
			t.Errorf("LandingName(%q) = %q, not a safe name", key, got)
		}
		if other, dup := seen[got]; dup {
			t.Errorf("%q and %q share the name %q", key, other, got)
		}
		seen[got] = key
	}
}

// What others put into the landing bucket lies under its own name.
func TestLandedOf(t *testing.T) {
	for address, want := range map[string]string{
		"s3://b/k": "gs://landing/b/k#0", "s3://b/a//k": "gs://landing/" + LandingName(Source{Bucket: "b", Key: "a//k"}) + "#0", "gs://landing/a//k": "gs://landing/a//k#0",
	} {
		s, err := ParseSource(address)
		if got := LandedOf("landing", s).String(); err != nil || got != want || s.String() != address {
			t.Errorf("%s lies at %s, %v; want %s", address, got, err, want)
		}
	}
	for _, address := range []string{"", "s3://", "s3://b", "s3://b/", "gs:///k", "b/k", "http://b/k"} {
		if s, err := ParseSource(address); err == nil {
			t.Errorf("ParseSource(%q) = %v, want an error", address, s)
		}
	}
}

func TestClaimName(t *testing.T) {
	a := ClaimName(Source{Bucket: "b", Key: "k"}, "logs.alb")
	if a != ClaimName(Source{Bucket: "b", Key: "k"}, "logs.alb") {
		t.Error("a claim's name changes from call to call")
	}
	for _, other := range []string{ClaimName(Source{Bucket: "b", Key: "k2"}, "logs.alb"), ClaimName(Source{Bucket: "b", Key: "k"}, "logs.alb2"), ClaimName(Source{Bucket: "b2", Key: "k"}, "logs.alb")} {
		if a == other {
			t.Errorf("two claims share the name %s", a)
		}
	}
}

// A claim lies in its folder, whatever the key.
func TestClaimNameOfOddKeys(t *testing.T) {
	keys := []string{"\xff", "%FF", "\ufffd", "../../x", "x", "a\nb", "a\rb", strings.Repeat("k", 1024), strings.Repeat("k", 1023)}
	seen := map[string]string{}
	for _, key := range keys {
		name := ClaimName(Source{Bucket: "b", Key: key}, "logs.alb")
		if other, dup := seen[name]; dup {
			t.Errorf("%q and %q share the claim %s", key, other, name)
		}
		if !strings.HasPrefix(name, "claims/logs.alb/") || strings.Contains(name, "..") || len(name) > 200 {
			t.Errorf("the claim of %q lies at %q", key, name)
		}
		seen[name] = key
	}
}

// A table's name may be as long as an object's, and its placeholders come out of keys.
func TestClaimNameOfLongTables(t *testing.T) {
	long := "logs.app_" + strings.Repeat("x", 1020)
	a, b := ClaimName(Source{Bucket: "b", Key: "k"}, long+"1"), ClaimName(Source{Bucket: "b", Key: "k"}, "2"+long)
	for _, name := range []string{a, b, ClaimName(Source{Bucket: "b", Key: "k"}, "logs.größe\n")} {
		if len(name) > 1024 || strings.ContainsAny(name, "\r\n") {
			t.Errorf("GCS refuses the name %q", name)
		}
	}
	if a == b {
		t.Error("the claims of two tables share a name")
	}
}

func TestAttrsRoundTrip(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
	want := Attrs{
		Event:     Event{Source: Source{Bucket: "b", Key: "a b+ü\n%.gz"}, Version: Version{"d41d8", 12}, VersionID: "v1", Sequencer: "0064", Time: at},
		Received:  at.Add(time.Second),
		Forwarded: at.Add(2 * time.Second),

		Traceparent: "00-4b000000000000000000000000000001-0000000000000002-01",
	}
	for _, a := range []Attrs{want, {Event: Event{Source: Source{Bucket: "b", Key: "k"}, Version: Version{"e", 0}}}} {
		m := a.Metadata()
		for k, v := range m {
			for i := range len(v) {
				if v[i] < 0x20 || v[i] > 0x7e {
					t.Errorf("%s is not printable ASCII: %q", k, v)
				}
			}
		}
		got, ok, err := ParseAttrs(m)
		if err != nil || !ok || !reflect.DeepEqual(got, a) {
			t.Errorf("round trip: got %+v, %v, %v; want %+v", got, ok, err, a)
		}
	}
}

func TestParseAttrsBounds(t *testing.T) {
	// The most that an event can hold fits.
	long := strings.Repeat("\x01", 1024)
	most := Attrs{Event: Event{Source: Source{Bucket: strings.Repeat("b", 63), Key: long}, Version: Version{strings.Repeat("e", 1024), 1 << 62}, VersionID: strings.Repeat("v", 1024), Sequencer: strings.Repeat("0", 1024), Time: time.Now()}, Received: time.Now(), Forwarded: time.Now()}
	if a, ok, err := ParseAttrs(most.Metadata()); err != nil || !ok || a.Key != long {
		t.Errorf("the longest key: %v, %v", ok, err)
	}
	m := most.Metadata()
	m["other"] = strings.Repeat("x", maxMetadata)
	if _, _, err := ParseAttrs(m); err == nil || !strings.Contains(err.Error(), "more than the 8192 that Cloud Storage keeps") {
		t.Errorf("metadata of over 8 KiB: error %v", err)
	}
}

func TestParseAttrsOfOthers(t *testing.T) {
	if _, ok, err := ParseAttrs(map[string]string{"goog-reserved": "1"}); ok || err != nil {
		t.Errorf("an object of somebody else: ok %v, err %v", ok, err)
	}
	m := Attrs{Event: Event{Source: Source{Bucket: "b", Key: "k"}, Version: Version{"e", 1}}}.Metadata()
	for k, v := range map[string]string{"seneka-size": "x", "seneka-event-time": "yesterday", "seneka-key": "%zz"} {
		bad := map[string]string{}
		for mk, mv := range m {
			bad[mk] = mv
		}
		bad[k] = v
		if _, _, err := ParseAttrs(bad); err == nil || !strings.Contains(err.Error(), k) {
			t.Errorf("%s=%q: error %v does not name it", k, v, err)
		}
	}
}
