package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// maxName is the most characters that BigQuery takes in the name of a dataset or a table.
// https://cloud.google.com/bigquery/docs/datasets#dataset-naming
// https://cloud.google.com/bigquery/docs/tables#table_naming
const maxName = 1024

// reserved begins the names of Seneka's own tables. A key must not be able to put rows there: the
// load log has a say in what counts as loaded.
const reserved = "seneka_"

var (
	datasetName  = regexp.MustCompile(`^[A-Za-z0-9_]+$`)
	tableName    = regexp.MustCompile(`^(?:[A-Za-z0-9_-]|\{[a-z][a-z0-9_]*\})+$`)
	placeholders = regexp.MustCompile(`\{[^{}]*\}`)
)

// checkTable reports what is wrong with the template dataset.name, whose placeholders must be
// among names.
func checkTable(template string, names []string) error {
	dataset, name, dot := strings.Cut(template, ".")
	switch {
	case !dot || strings.Contains(name, "."):
		return errors.New("must be a dataset and a table; write DATASET.TABLE")
	case strings.ContainsAny(dataset, "{}"):
		return errors.New("has a placeholder in the dataset; write it behind the dot, in the table's name")
	case !datasetName.MatchString(dataset) || len(dataset) > maxName:
		return fmt.Errorf("%q is no dataset name; write letters, digits and underscores", dataset)
	case !tableName.MatchString(name) || len(name) > maxName:
		return fmt.Errorf("%q is no table name; write letters, digits, underscores, hyphens and {placeholders}", name)
	case isReserved(name):
		return fmt.Errorf("names that begin with %s are Seneka's own; write another", reserved)
	}
	for _, p := range placeholders.FindAllString(name, -1) {
		if !slices.Contains(names, p[1:len(p)-1]) {
			return notCaptured(p, names)
		}
	}
	return nil
}

func notCaptured(placeholder string, names []string) error {
	if near := nearest(placeholder[1:len(placeholder)-1], names); near != "" {
		return fmt.Errorf("%s is not in match, did you mean {%s}?", placeholder, near)
	}
	return fmt.Errorf("%s is not in match; write it there in place of a *", placeholder)
}

// fillName returns the table name that template makes of captures. A captured value comes from
// outside, so only ASCII letters, digits and underscores of it are kept; any other character
// becomes an underscore. A name longer than BigQuery takes is cut, and one that a value turned into
// a name of Seneka's own gets an underscore in front.
func fillName(template string, captures map[string]string) string {
	name := placeholders.ReplaceAllStringFunc(template, func(p string) string {
		return strings.Map(legal, captures[p[1:len(p)-1]])
	})
	if isReserved(name) {
		name = "_" + name
	}
	return name[:min(len(name), maxName)]
}

func legal(r rune) rune {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return r
	default:
		return '_'
	}
}

// isReserved ignores case, as a dataset may.
func isReserved(name string) bool {
	return len(name) >= len(reserved) && strings.EqualFold(name[:len(reserved)], reserved)
}
