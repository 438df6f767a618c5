package pushauth

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
)

const (
	audience = "https://loader.example.com/"
	account  = "pusher@acme.iam.gserviceaccount.com"
)

// google signs tokens, and answers in the place where Google's keys are.
type google struct {
	key     *rsa.PrivateKey
	answer  func(r *http.Request) (*http.Response, error)
	fetches atomic.Int32
}

func newGoogle(t *testing.T) *google {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	g := &google{key: key}
	g.answer = g.keys
	return g
}

// RoundTrip answers every request for keys.
func (g *google) RoundTrip(r *http.Request) (*http.Response, error) {
	g.fetches.Add(1)
	return g.answer(r)
}

func (g *google) keys(*http.Request) (*http.Response, error) {
	exponent := base64.RawURLEncoding.EncodeToString(big.NewInt(int64(g.key.E)).Bytes())
	modulus := base64.RawURLEncoding.EncodeToString(g.key.N.Bytes())
	body := fmt.Sprintf(`{"keys":[{"kid":"k1","kty":"RSA","alg":"RS256","use":"sig","n":%q,"e":%q}]}`, modulus, exponent)
	return reply(http.StatusOK, body, "public, max-age=3600"), nil
}

func reply(status int, body, caching string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Cache-Control": {caching}}, Body: io.NopCloser(strings.NewReader(body))}
}

// token signs claims, those of a good token but for changes; a nil leaves a claim out.
func (g *google) token(t *testing.T, head string, changes map[string]any) string {
	t.Helper()
	claims := map[string]any{
		"iss": "https://accounts.google.com", "aud": audience, "email": account, "email_verified": true, "sub": "1",
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	body, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed := base64.RawURLEncoding.EncodeToString([]byte(head)) + "." + base64.RawURLEncoding.EncodeToString(body)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, g.key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

const head = `{"alg":"RS256","kid":"k1","typ":"JWT"}`

func (g *google) verifier(t *testing.T) *Verifier {
	t.Helper()
	v, err := New(t.Context(), audience, account, g)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func header(value string) http.Header { return http.Header{"Authorization": {value}} }

func TestCheck(t *testing.T) {
	g := newGoogle(t)
	v := g.verifier(t)
	for _, issuer := range issuers {
		good := g.token(t, head, map[string]any{"iss": issuer})
		for _, scheme := range []string{"Bearer ", "bearer "} {
			if err := v.Check(t.Context(), header(scheme+good)); err != nil {
				t.Errorf("a good token, issued by %s: %v", issuer, err)
			}
		}
	}
	if n := g.fetches.Load(); n != 1 {
		t.Errorf("the keys were fetched %d times for four tokens", n)
	}
}

func TestCheckRefuses(t *testing.T) {
	g, stranger := newGoogle(t), newGoogle(t)
	v := g.verifier(t)
	good := g.token(t, head, nil)
	parts := strings.Split(good, ".")
	changed := func(claim string, value any) string { return g.token(t, head, map[string]any{claim: value}) }
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
		{name: "too long", header: "Bearer " + good + strings.Repeat("A", maxToken)},
		{name: "signed by none", header: "Bearer " + none + "." + parts[1] + "."},
		{name: "signed by none, with a signature", header: "Bearer " + none + "." + parts[1] + "." + parts[2]},
		{name: "another algorithm", header: "Bearer " + g.token(t, `{"alg":"ES256","kid":"k1"}`, nil)},
		{name: "another algorithm's name", header: "Bearer " + g.token(t, `{"alg":"HS256","kid":"k1"}`, nil)},
		{name: "another's signature", header: "Bearer " + stranger.token(t, head, nil)},
		{name: "no signature", header: "Bearer " + parts[0] + "." + parts[1] + "."},
		{name: "an unknown key", header: "Bearer " + g.token(t, `{"alg":"RS256","kid":"k2"}`, nil)},
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
	g := newGoogle(t)
	v := g.verifier(t)
	good := header("Bearer " + g.token(t, head, nil))
	answers := map[string]func(*http.Request) (*http.Response, error){
		"unreachable": func(*http.Request) (*http.Response, error) { return nil, errors.New("no such host") },
		"refused":     func(*http.Request) (*http.Response, error) { return reply(http.StatusServiceUnavailable, "{}", ""), nil },
		"no JSON":     func(*http.Request) (*http.Response, error) { return reply(http.StatusOK, "<html>", ""), nil },
		"no keys":     func(*http.Request) (*http.Response, error) { return reply(http.StatusOK, `{"keys":[]}`, ""), nil },
		"endless": func(*http.Request) (*http.Response, error) {
			return reply(http.StatusOK, `{"keys":["`+strings.Repeat("x", maxKeys)+`"]}`, ""), nil
		},
		"cut off": func(*http.Request) (*http.Response, error) {
			resp := reply(http.StatusOK, "", "")
			resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader([]byte(`{"keys"`)), broken{}))
			return resp, nil
		},
	}
	for name, answer := range answers {
		g.answer = answer
		if err := v.Check(t.Context(), good); err == nil || !errkind.Is(err, errkind.Transient) {
			t.Errorf("%s: error %v of kind %v", name, err, errkind.Of(err))
		}
	}
	g.answer = g.keys
	if err := v.Check(t.Context(), good); err != nil {
		t.Errorf("with the keys again: %v", err)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("connection reset by peer") }
