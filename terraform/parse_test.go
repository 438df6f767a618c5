// Package terraform tests the modules against the programs: what they are given is what they read, what they
// may do is what they do, and what is watched is what they measure. Whether the modules are valid by themselves,
// and what they make, Terraform's own tests say: make terraform.
package terraform

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

const root = ".."

// module is one folder of Terraform's files.
type module struct {
	*testing.T
	dir    string
	blocks []block
}

// block is a block at the top of a file.
type block struct {
	*hclsyntax.Block
	file string
	text []byte // of the file
}

func (b block) name() string { return strings.Join(b.Labels, ".") }

// source returns how an expression is written, its spaces evened out.
func (b block) source(e hclsyntax.Expression) string {
	return strings.Join(strings.Fields(string(e.Range().SliceBytes(b.text))), " ")
}

// load parses a module.
func load(t *testing.T, dir string) *module {
	t.Helper()
	m := &module{T: t, dir: dir}
	files, err := filepath.Glob(filepath.Join(dir, "*.tf"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s holds no module: %v", dir, err)
	}
	for _, file := range files {
		text := read(t, file)
		f, diags := hclsyntax.ParseConfig([]byte(text), file, hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		for _, b := range f.Body.(*hclsyntax.Body).Blocks {
			m.blocks = append(m.blocks, block{b, file, []byte(text)})
		}
	}
	return m
}

// modules are all that there are: the root, both sides and the examples.
func modules(t *testing.T) map[string]*module {
	t.Helper()
	dirs, err := filepath.Glob("*/*/main.tf")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*module{"root": load(t, "."), "aws": load(t, "modules/aws"), "gcp": load(t, "modules/gcp")}
	for _, file := range dirs {
		all[filepath.Base(filepath.Dir(file))] = load(t, filepath.Dir(file))
	}
	if len(all) != 6 {
		t.Fatalf("%d modules were found: %v", len(all), slices.Sorted(maps.Keys(all)))
	}
	return all
}

// of returns the blocks of a kind, by name.
func (m *module) of(kind string) map[string]block {
	m.Helper()
	found := map[string]block{}
	for _, b := range m.blocks {
		if b.Type == kind {
			found[b.name()] = b
		}
	}
	return found
}

// local returns the expression of a local value, and the block that it stands in.
func (m *module) local(name string) (block, hclsyntax.Expression) {
	m.Helper()
	for _, b := range m.blocks {
		if b.Type != "locals" {
			continue
		}
		if a, ok := b.Body.Attributes[name]; ok {
			return b, a.Expr
		}
	}
	m.Fatalf("%s has no local value %s", m.dir, name)
	return block{}, nil
}

// objects returns the object constructors in an expression that are not part of another, merged: those
// of merge(…) and of both ends of a condition.
func objects(e hclsyntax.Expression) (found []*hclsyntax.ObjectConsExpr) {
	switch e := e.(type) {
	case *hclsyntax.ObjectConsExpr:
		return []*hclsyntax.ObjectConsExpr{e}
	case *hclsyntax.FunctionCallExpr:
		for _, a := range e.Args {
			found = append(found, objects(a)...)
		}
	case *hclsyntax.ConditionalExpr:
		return append(objects(e.TrueResult), objects(e.FalseResult)...)
	}
	return found
}

// members returns an object's members by name.
func members(t *testing.T, e hclsyntax.Expression) map[string]hclsyntax.Expression {
	t.Helper()
	found := map[string]hclsyntax.Expression{}
	for _, o := range objects(e) {
		for _, item := range o.Items {
			key, diags := item.KeyExpr.Value(nil)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			found[key.AsString()] = item.ValueExpr
		}
	}
	return found
}

// literal returns the strings of a literal list.
func literal(t *testing.T, e hclsyntax.Expression) (list []string) {
	t.Helper()
	v, diags := e.Value(nil)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if v.Type() == cty.String {
		return []string{v.AsString()}
	}
	for _, s := range v.AsValueSlice() {
		list = append(list, s.AsString())
	}
	return list
}

// section returns the part of a document below a heading, to the next of any level.
func section(t *testing.T, text, heading string) string {
	t.Helper()
	_, after, ok := strings.Cut(text, "\n"+heading+"\n")
	if !ok {
		t.Fatalf("no heading %q", heading)
	}
	return regexp.MustCompile(`(?m)^#`).Split(after, 2)[0]
}

// rows returns the cells of a document's tables.
func rows(text string) (rows [][]string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "| ---") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	return rows
}

// quoted returns what stands in backticks.
func quoted(text string) (found []string) {
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	return found
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
