package pushauth

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/pushauth/pushtest"
)

func verifier(t *testing.T, g *pushtest.Google) *Verifier {
	t.Helper()
	v, err := New(t.Context(), pushtest.Audience, pushtest.Account, g)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func header(value string) http.Header { return http.Header{"Authorization": {value}} }

func TestCheck(t *testing.T) {
	g := pushtest.New(t)
	v := verifier(t, g)
	for _, issuer := range issuers {
		good := g.Token(t, pushtest.Head, map[string]any{"iss": issuer})
		for _, scheme := range []string{"Bearer ", "bearer "} {
			if err := v.Check(t.Context(), header(scheme+good)); err != nil {
				t.Errorf("a good token, issued by %s: %v", issuer, err)
			}
		}
	}
	if n := g.Fetches.Load(); n != 1 {
		t.Errorf("the keys were fetched %d times for four tokens", n)
	}
}

func TestCheckRefuses(t *testing.T) {
	g, stranger := pushtest.New(t), pushtest.New(t)
	v := verifier(t, g)
	good := g.Token(t, pushtest.Head, nil)
	parts := strings.Split(good, ".")
	changed := func(claim string, value any) string { return g.Token(t, pushtest.Head, map[string]any{claim: value}) }
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	tests := []struct {
		name, header string
		forbidden    bool
	}{
		{name: "no header"},
		{name: "no scheme", header: good},
		{name: "another scheme", header: "Basic " + good},
		{name: "no token", header: "Bearer "},
		{name: "no token at all", header: "Bearer"},
		{name: "no JWT", header: "Bearer canary"},
		{name: "two parts", header: "Bearer " + parts[0] + "." + parts[1]},
		{name: "no JSON", header: "Bearer YQ.YQ.YQ"},
		{name: "too long", header: "Bearer " + changed("filler", strings.Repeat("x", maxToken))},
		{name: "signed by none", header: "Bearer " + none + "." + parts[1] + "."},
		{name: "signed by none, with a signature", header: "Bearer " + none + "." + parts[1] + "." + parts[2]},
		{name: "another algorithm", header: "Bearer " + g.Token(t, `{"alg":"ES256","kid":"k1"}`, nil)},
		{name: "another algorithm, its signature cut short", header: "Bearer " + base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256","kid":"k1"}`)) + "." + parts[1] + ".YQ"},
		{name: "another algorithm's name", header: "Bearer " + g.Token(t, `{"alg":"HS256","kid":"k1"}`, nil)},
		{name: "another's signature", header: "Bearer " + stranger.Token(t, pushtest.Head, nil)},
		{name: "no signature", header: "Bearer " + parts[0] + "." + parts[1] + "."},
		{name: "an unknown key", header: "Bearer " + g.Token(t, `{"alg":"RS256","kid":"k2"}`, nil)},
		{name: "other claims than were signed", header: "Bearer " + parts[0] + "." + strings.Split(changed("sub", "2"), ".")[1] + "." + parts[2]},
		{name: "expired", header: "Bearer " + changed("exp", time.Now().Add(-time.Minute).Unix())},
		{name: "without an end", header: "Bearer " + changed("exp", nil)},
		{name: "another audience", header: "Bearer " + changed("aud", "https://other.example.com/")},
		{name: "no audience", header: "Bearer " + changed("aud", nil)},
		{name: "another issuer", header: "Bearer " + changed("iss", "https://accounts.example.com")},
		{name: "no issuer", header: "Bearer " + changed("iss", nil)},
		{name: "another account", header: "Bearer " + changed("email", "other@acme.iam.gserviceaccount.com"), forbidden: true},
		{name: "no account", header: "Bearer " + changed("email", nil), forbidden: true},
		{name: "an account that is not verified", header: "Bearer " + changed("email_verified", false), forbidden: true},
		{name: "an account of which nothing is said", header: "Bearer " + changed("email_verified", nil), forbidden: true},
	}
	for _, tt := range tests {
		h := header(tt.header)
		if tt.header == "" {
			h = nil
		}
		err := v.Check(t.Context(), h)
		if !errkind.Is(err, errkind.Permanent) || errors.Is(err, ErrForbidden) != tt.forbidden {
			t.Errorf("%s: error %v of kind %v", tt.name, err, errkind.Of(err))
			continue
		}
		for _, part := range append(parts, "canary") {
			if strings.Contains(err.Error(), part) {
				t.Errorf("%s: the error quotes the token: %v", tt.name, err)
			}
		}
	}
}

// What is wrong with Google's keys says nothing of the token: the delivery is to come again.
func TestCheckWithoutKeys(t *testing.T) {
	g := pushtest.New(t)
	v := verifier(t, g)
	good := header("Bearer " + g.Token(t, pushtest.Head, nil))
	answers := map[string]func(*http.Request) (*http.Response, error){
		"unreachable": func(*http.Request) (*http.Response, error) { return nil, errors.New("no such host") },
		"refused": func(*http.Request) (*http.Response, error) {
			return pushtest.Reply(http.StatusServiceUnavailable, "{}", ""), nil
		},
		"no JSON": func(*http.Request) (*http.Response, error) { return pushtest.Reply(http.StatusOK, "<html>", ""), nil },
		"no keys": func(*http.Request) (*http.Response, error) {
			return pushtest.Reply(http.StatusOK, `{"keys":[]}`, ""), nil
		},
		"endless": func(*http.Request) (*http.Response, error) {
			return pushtest.Reply(http.StatusOK, `{"keys":["`+strings.Repeat("x", maxKeys)+`"]}`, ""), nil
		},
		"cut off": func(*http.Request) (*http.Response, error) {
			resp := pushtest.Reply(http.StatusOK, "", "")
			resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader([]byte(`{"keys"`)), broken{}))
			return resp, nil
		},
	}
	for name, answer := range answers {
		g.Answer = answer
		if err := v.Check(t.Context(), good); err == nil || !errkind.Is(err, errkind.Transient) {
			t.Errorf("%s: error %v of kind %v", name, err, errkind.Of(err))
		}
	}
	g.Answer = g.Keys
	if err := v.Check(t.Context(), good); err != nil {
		t.Errorf("with the keys again: %v", err)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("connection reset by peer") }
