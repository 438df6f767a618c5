// Package readyfile is what a running local cloud says of itself: where its services listen, and the environment
// that makes programs use them. It links none of the services.
package readyfile

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
)

// Ready is the content of the file that seneka local --ready-file writes. pubsub and bigquery_storage are
// host:port, for gRPC; the others are URLs.
type Ready struct {
	Dashboard       string `json:"dashboard"`
	S3              string `json:"s3"`
	S3Bucket        string `json:"s3_bucket"`
	SQS             string `json:"sqs"`
	QueueURL        string `json:"queue_url"`
	GCS             string `json:"gcs"`
	PubSub          string `json:"pubsub"`
	BigQuery        string `json:"bigquery"`
	BigQueryStorage string `json:"bigquery_storage"`
	Loader          string `json:"loader"`
	Project         string `json:"project"`
	Config          string `json:"config"` // path of the configuration that forwarder and loader read
}

// Read reads the file at path.
func Read(path string) (r Ready, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Ready{}, err
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return Ready{}, fmt.Errorf("ready file %s: %w", path, err)
	}
	return r, nil
}

// Write puts the file in place at once, so that nobody reads half of it.
func (r Ready) Write(path string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("ready file: %w", err)
	}
	return os.Rename(tmp, path)
}

// Environment is what makes forwarder, loader and the SDKs use the local cloud.
func (r Ready) Environment() map[string]string {
	return map[string]string{
		"SENEKA_CONFIG":                  r.Config,
		"AWS_ENDPOINT_URL_S3":            r.S3,
		"AWS_ENDPOINT_URL_SQS":           r.SQS,
		"AWS_ACCESS_KEY_ID":              "local",
		"AWS_SECRET_ACCESS_KEY":          "local",
		"AWS_REGION":                     "us-east-1",
		"AWS_EC2_METADATA_DISABLED":      "true",
		"STORAGE_EMULATOR_HOST":          HostOf(r.GCS),
		"PUBSUB_EMULATOR_HOST":           r.PubSub,
		"BIGQUERY_EMULATOR_HOST":         HostOf(r.BigQuery),
		"BIGQUERY_STORAGE_EMULATOR_HOST": r.BigQueryStorage,
	}
}

// Use makes this process work on the local cloud, and on nothing of the user's real accounts.
func (r Ready) Use() error {
	env := r.Environment()
	for _, name := range []string{"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"} {
		env[name] = ""
	}
	for name, value := range env {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}

// HostOf returns host:port of a URL that this program made.
func HostOf(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return ""
	}
	return u.Host
}
