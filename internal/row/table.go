package row

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Table names a BigQuery table.
type Table struct {
	Project, Dataset, Name string
}

// String returns project.dataset.name, as SQL names it between backquotes.
func (t Table) String() string { return t.Project + "." + t.Dataset + "." + t.Name }

// Path returns the resource name that the Storage Write API takes.
func (t Table) Path() string {
	return fmt.Sprintf("projects/%s/datasets/%s/tables/%s", t.Project, t.Dataset, t.Name)
}

// ParseTable reads "project.dataset.name", or "dataset.name" in defaultProject. It splits from the
// right, because the project of a domain has dots of its own: "example.com:logs.web.access".
func ParseTable(s, defaultProject string) (Table, error) {
	t := Table{Project: defaultProject}
	rest, name, ok := cutLast(s, ".")
	if !ok {
		return Table{}, fmt.Errorf("table %q: want project.dataset.table or dataset.table", s)
	}
	t.Name, t.Dataset = name, rest
	if project, dataset, ok := cutLast(rest, "."); ok {
		t.Project, t.Dataset = project, dataset
	}
	if t.Project == "" {
		return Table{}, fmt.Errorf("table %q: no project, and no default one: write project.dataset.table", s)
	}
	if err := t.Validate(); err != nil {
		return Table{}, err
	}
	return t, nil
}

// ParseTablePath reads what Path returns.
func ParseTablePath(path string) (Table, error) {
	p := strings.Split(path, "/")
	if len(p) != 6 || p[0] != "projects" || p[2] != "datasets" || p[4] != "tables" {
		return Table{}, fmt.Errorf("table %q: want projects/PROJECT/datasets/DATASET/tables/TABLE", path)
	}
	t := Table{Project: p[1], Dataset: p[3], Name: p[5]}
	if err := t.Validate(); err != nil {
		return Table{}, err
	}
	return t, nil
}

// Validate reports the first part of t that BigQuery would refuse as a name
// (https://cloud.google.com/bigquery/docs/tables#table_naming, …/docs/datasets#dataset-naming).
// Of a project it checks the characters only: emulators have projects shorter than real ones.
func (t Table) Validate() error {
	if !isName(t.Project, projectChar) {
		return fmt.Errorf("table %s: project %q: want lower-case letters, digits and hyphens", t, t.Project)
	}
	if !isName(t.Dataset, datasetChar) {
		return fmt.Errorf("table %s: dataset %q: want letters, digits and underscores, 1,024 at most", t, t.Dataset)
	}
	if !isName(t.Name, tableChar) {
		return fmt.Errorf("table %s: name %q: want letters, marks, numbers, connectors, dashes and spaces, 1,024 bytes at most", t, t.Name)
	}
	return nil
}

func isName(s string, ok func(rune) bool) bool {
	return s != "" && len(s) <= 1024 && utf8.ValidString(s) &&
		!strings.ContainsFunc(s, func(r rune) bool { return !ok(r) })
}

func projectChar(r rune) bool {
	return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-' || r == ':' || r == '.'
}

func datasetChar(r rune) bool { return isLetter(r) || '0' <= r && r <= '9' || r == '_' }

func tableChar(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.Pc, unicode.Pd, unicode.Zs)
}

func isLetter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+len(sep):], true
}
