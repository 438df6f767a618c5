package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// healthLimit is shorter than what orchestrators give a check.
const healthLimit = 4 * time.Second

// health asks the forwarder on this machine whether it is well.
func health(ctx context.Context, getenv func(string) string) error {
	port := getenv("SENEKA_METRICS_PORT")
	if port == "" {
		return errors.New("SENEKA_METRICS_PORT is not set: there is nobody to ask")
	}
	ctx, cancel := context.WithTimeout(ctx, healthLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:"+port+"/healthz", nil)
	if err != nil {
		return fmt.Errorf("SENEKA_METRICS_PORT is %q: %w", port, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", req.URL, resp.Status)
	}
	return nil
}
