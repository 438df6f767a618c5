// Package pushtest signs tokens in Google's place, for tests.
package pushtest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// The audience and the account of a good token.
const (
	Audience = "https://loader.example.com/"
	Account  = "pusher@acme.iam.gserviceaccount.com"
)

// Head is the header of a good token.
const Head = `{"alg":"RS256","kid":"k1","typ":"JWT"}`

// Google signs tokens and, as a http.RoundTripper, answers in the place where Google's keys are.
type Google struct {
	Answer  func(r *http.Request) (*http.Response, error) // Keys, unless a test changes it
	Fetches atomic.Int32                                  // how often the keys were asked for

	key *rsa.PrivateKey
}

// New returns a Google with a key of its own.
func New(t testing.TB) *Google {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	g := &Google{key: key}
	g.Answer = g.Keys
	return g
}

// RoundTrip answers every request for keys.
func (g *Google) RoundTrip(r *http.Request) (*http.Response, error) {
	g.Fetches.Add(1)
	return g.Answer(r)
}

// Keys answers with the public key.
func (g *Google) Keys(*http.Request) (*http.Response, error) {
	exponent := base64.RawURLEncoding.EncodeToString(big.NewInt(int64(g.key.E)).Bytes())
	modulus := base64.RawURLEncoding.EncodeToString(g.key.N.Bytes())
	body := fmt.Sprintf(`{"keys":[{"kid":"k1","kty":"RSA","alg":"RS256","use":"sig","n":%q,"e":%q}]}`, modulus, exponent)
	return Reply(http.StatusOK, body, "public, max-age=3600"), nil
}

// Reply makes an answer.
func Reply(status int, body, caching string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Cache-Control": {caching}}, Body: io.NopCloser(strings.NewReader(body))}
}

// Token signs the claims of a good token but for changes; nil leaves a claim out.
func (g *Google) Token(t testing.TB, head string, changes map[string]any) string {
	t.Helper()
	claims := map[string]any{
		"iss": "https://accounts.google.com", "aud": Audience, "email": Account, "email_verified": true, "sub": "1",
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
