package main

import (
	"bytes"
	_ "embed"
	"fmt"

	"github.com/goccy/go-yaml"
)

// quota is what a service allows.
type quota struct {
	Name    string  `yaml:"quota" json:"quota"`
	What    string  `yaml:"what" json:"what"`
	Allowed float64 `yaml:"allowed" json:"allowed"`
	Unit    string  `yaml:"unit" json:"unit"`
	Date    string  `yaml:"date" json:"date"` // when it was looked up
	Source  string  `yaml:"source" json:"source"`
	Note    string  `yaml:"note" json:"note,omitempty"`
	Remedy  string  `yaml:"remedy" json:"remedy"`
}

//go:embed quotas.yaml
var quotaTable []byte

// quotas returns the table of quotas.
func quotas() ([]quota, error) {
	var all []quota
	if err := yaml.NewDecoder(bytes.NewReader(quotaTable), yaml.Strict()).Decode(&all); err != nil {
		return nil, fmt.Errorf("quotas.yaml: %w", err)
	}
	return all, nil
}

// needs are what traffic takes of each quota at its peak, in the quota's unit.
var needs = map[string]func(t *traffic) float64{
	"landing_writes":          func(t *traffic) float64 { return t.Peak }, // the copy
	"ledger_writes":           func(t *traffic) float64 { return t.Peak }, // the claim
	"bucket_reads":            func(t *traffic) float64 { return t.Peak }, // the copy in one, the claim in the other
	"create_streams":          (*traffic).streamsPerHour,
	"append_region":           func(t *traffic) float64 { return t.Peak * t.file.written / 1e6 },
	"append_multiregion":      func(t *traffic) float64 { return t.Peak * t.file.written / 1e6 },
	"connections_region":      (*traffic).connections,
	"connections_multiregion": (*traffic).connections,
	"pubsub_push":             func(t *traffic) float64 { return t.Peak * t.file.push / 1e6 },
	"sqs_inflight":            func(t *traffic) float64 { return t.Peak * copySeconds },
	"s3_get":                  func(t *traffic) float64 { return t.Peak },
	"instances":               func(t *traffic) float64 { return t.Instances },
}
