// Package pushauth checks that a push delivery comes from one's own Pub/Sub subscription: by the
// OIDC token that Pub/Sub signs for a service account and sends along.
//
// https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions
package pushauth

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"google.golang.org/api/idtoken"
	"google.golang.org/api/option"

	"github.com/seneka-io/seneka/internal/errkind"
)

const (
	// maxToken is the most bytes of a token that is looked at: Google's have about 1,200.
	maxToken = 8 << 10
	// maxKeys is the most bytes that Google's list of keys may have: it has about 2,000.
	maxKeys = 1 << 20
	// patience is how long the keys may take to come.
	patience = 10 * time.Second
)

// issuers are the names that Google signs tokens under.
// https://developers.google.com/identity/openid-connect/openid-connect#an-id-tokens-payload
var issuers = []string{"https://accounts.google.com", "accounts.google.com"}

// ErrForbidden is a valid token of somebody else.
var ErrForbidden = errors.New("the token is not of the service account that pushes here")

// Verifier checks tokens. Safe for concurrent use.
type Verifier struct {
	tokens   *idtoken.Validator
	audience string
	account  string
}

// New returns a Verifier of tokens for audience that Google signed for the service account with that
// e-mail address. Anybody can have Google sign a token for any audience: the account is what tells
// them apart. Google's public keys are fetched by keys, http.DefaultTransport if nil, on the first
// token, and kept for as long as Google says.
func New(ctx context.Context, audience, account string, keys http.RoundTripper) (*Verifier, error) {
	if keys == nil {
		keys = http.DefaultTransport
	}
	tokens, err := idtoken.NewValidator(ctx, option.WithHTTPClient(&http.Client{Transport: fetcher{keys}}))
	if err != nil {
		return nil, fmt.Errorf("check of push tokens: %w", err)
	}
	return &Verifier{tokens, audience, account}, nil
}

// Check checks the token in the header of a push delivery. An error of kind Transient means that
// Google's keys cannot be had, ErrForbidden that the token is another account's; any other is of
// kind Permanent. No error quotes the token.
func (v *Verifier) Check(ctx context.Context, header http.Header) error {
	token, err := bearer(header)
	if err != nil {
		return errkind.With(errkind.Permanent, err)
	}
	payload, err := v.tokens.Validate(ctx, token, v.audience)
	var keys *keysError
	switch {
	case errors.As(err, &keys):
		return errkind.With(errkind.Transient, err)
	case err != nil:
		return errkind.With(errkind.Permanent, fmt.Errorf("the push token is refused: %w", err))
	case !slices.Contains(issuers, payload.Issuer):
		return errkind.With(errkind.Permanent, errors.New("the push token is refused: it is not issued by Google"))
	case payload.Claims["email"] != v.account || payload.Claims["email_verified"] != true:
		return errkind.With(errkind.Permanent, ErrForbidden)
	}
	return nil
}

// bearer returns the token, whose signature is one that Google makes for accounts.
func bearer(header http.Header) (string, error) {
	scheme, token, _ := strings.Cut(header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", errors.New("the push carries no token: give its subscription an OIDC token with this loader's audience")
	}
	if len(token) > maxToken {
		return "", fmt.Errorf("the push token is refused: over %d bytes", maxToken)
	}
	encoded, _, _ := strings.Cut(token, ".")
	data, err := base64.RawURLEncoding.DecodeString(encoded)
	var head struct {
		Alg string `json:"alg"`
	}
	if err != nil || json.Unmarshal(data, &head) != nil || head.Alg != "RS256" {
		// The library takes ES256 too, of another of Google's services, and not with due care.
		return "", errors.New("the push token is refused: not one that is signed by RS256")
	}
	return token, nil
}

// keysError is a failure to have Google's keys: it says nothing of the token.
type keysError struct{ err error }

func (e *keysError) Error() string { return "cannot fetch Google's keys: " + e.err.Error() }
func (e *keysError) Unwrap() error { return e.err }

// fetcher gets the keys whole, or fails with a keysError.
type fetcher struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (f fetcher) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel() // by then all was read
	resp, err := f.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return nil, &keysError{err}
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxKeys+1))
	var list struct{ Keys []json.RawMessage }
	switch {
	case err != nil:
		return nil, &keysError{err}
	case resp.StatusCode != http.StatusOK:
		return nil, &keysError{fmt.Errorf("status %d", resp.StatusCode)}
	case len(data) > maxKeys:
		return nil, &keysError{fmt.Errorf("over %d bytes", maxKeys)}
	case json.Unmarshal(data, &list) != nil || len(list.Keys) == 0:
		return nil, &keysError{errors.New("the answer is no list of keys")}
	}
	resp.Body = io.NopCloser(bytes.NewReader(data))
	return resp, nil
}
