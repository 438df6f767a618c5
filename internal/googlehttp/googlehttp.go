// Package googlehttp makes the HTTP client that a library of Google's talks by. The libraries wrap a
// transport of their own in others and leave its idle connections behind when they are closed; this
// one's can be closed.
package googlehttp

import (
	"context"
	"net/http"
	"time"

	"google.golang.org/api/option"
	transport "google.golang.org/api/transport/http"
)

// Client is an http.Client with the credentials of this place, and its connections. Safe for
// concurrent use.
type Client struct {
	*http.Client
	base *http.Transport
}

// idlePerHost is how many connections to one service may wait for the next request: as many as a
// busy instance uses at a time.
const idlePerHost = 100

// New returns a client for an API of that OAuth scope. The options are those of the library's client,
// which is then made with option.WithHTTPClient.
func New(ctx context.Context, scope string, opts ...option.ClientOption) (*Client, error) {
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.MaxIdleConns, base.MaxIdleConnsPerHost, base.IdleConnTimeout = 0, idlePerHost, 90*time.Second
	wrapped, err := transport.NewTransport(ctx, base, append([]option.ClientOption{option.WithScopes(scope)}, opts...)...)
	if err != nil {
		return nil, err
	}
	return &Client{&http.Client{Transport: wrapped}, base}, nil
}

// Close closes the idle connections. Requests under way go on.
func (c *Client) Close() { c.base.CloseIdleConnections() }
