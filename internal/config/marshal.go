package config

import (
	"strings"

	"github.com/goccy/go-yaml"
)

// YAML returns the configuration as a file that Parse reads to the same, in the same folder if
// it names schema files.
func (c *Config) YAML() ([]byte, error) {
	type partition struct {
		Column string `yaml:"column"`
		By     string `yaml:"by"`
	}
	type csv struct {
		Delimiter  string `yaml:"delimiter,omitempty"`
		Header     string `yaml:"header,omitempty"`
		SkipRows   int    `yaml:"skip_rows,omitempty"`
		NullMarker string `yaml:"null_marker,omitempty"`
	}
	type source struct {
		Name           string     `yaml:"name"`
		Match          string     `yaml:"match"`
		Format         string     `yaml:"format"`
		Table          string     `yaml:"table"`
		Schema         string     `yaml:"schema,omitempty"`
		Partition      *partition `yaml:"partition,omitempty"`
		OnConflict     string     `yaml:"on_conflict,omitempty"`
		CSV            *csv       `yaml:"csv,omitempty"`
		OnChange       string     `yaml:"on_change"`
		MaxRejectRatio float64    `yaml:"max_reject_ratio"`
	}
	file := struct {
		Project  string   `yaml:"project"`
		Landing  string   `yaml:"landing"`
		Ledger   string   `yaml:"ledger"`
		Queue    string   `yaml:"queue"`
		Compress bool     `yaml:"compress"`
		Events   string   `yaml:"events,omitempty"`
		Sources  []source `yaml:"sources"`
	}{Project: c.Project, Landing: "gs://" + c.Landing, Ledger: "gs://" + c.Ledger, Queue: c.Queue, Compress: c.Compress, Events: c.Events}
	for _, s := range c.Sources {
		f := source{Name: s.Name, Match: s.Match.String(), Format: s.Format, Table: s.Table, Schema: s.Schema, OnChange: s.OnChange, MaxRejectRatio: s.MaxRejectRatio}
		if s.Schema != "" {
			f.OnConflict = s.OnConflict
		}
		if s.Partition != nil {
			f.Partition = &partition{s.Partition.Column, s.Partition.By}
		}
		if s.CSV != (CSV{}) {
			f.CSV = new(csv(s.CSV))
			f.CSV.Delimiter = strings.Replace(s.CSV.Delimiter, "\t", escapedTab, 1)
		}
		file.Sources = append(file.Sources, f)
	}
	return yaml.Marshal(file)
}
