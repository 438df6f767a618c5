package program

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// FreePorts returns ports of loopback that nobody listens on, for programs to listen there.
func FreePorts(n int) (ports []string, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = l.Close() }() // once all are chosen, so that each is another
		_, port, _ := net.SplitHostPort(l.Addr().String())
		ports = append(ports, port)
	}
	return ports, nil
}

// Await returns once the program answers GET url with 200, and fails if it ends, or does not within a minute.
func (p *Program) Await(ctx context.Context, url string) error {
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if resp, err := client.Do(req); err == nil {
			_, _ = io.Copy(io.Discard, resp.Body) // nothing that is needed
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		if err := p.Failure(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer %s within a minute; it wrote last:\n%s", p.name, url, p.lastLines())
		case <-time.After(10 * time.Millisecond):
		}
	}
}
