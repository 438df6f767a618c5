package config

import (
	"context"
	"errors"

	"github.com/seneka-io/seneka/internal/errkind"
)

// ErrNotSet is what a program says that has no configuration.
var ErrNotSet = errkind.With(errkind.Permanent, errors.New("SENEKA_CONFIG is not set: write the path of seneka.yaml, or gs://BUCKET/NAME"))

// Load reads and parses the configuration at path, the value of SENEKA_CONFIG: see Read and Parse.
func Load(ctx context.Context, path string, open Open, formats Formats) (*Config, error) {
	if path == "" {
		return nil, ErrNotSet
	}
	data, err := Read(ctx, path, open)
	if err != nil {
		return nil, err
	}
	return Parse(path, data, formats)
}
