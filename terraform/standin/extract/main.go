// Command extract reads the argument lists of Google's Terraform provider out of the npm package
// @cdktf/provider-google, for the resources that the modules use, and prints them as google.json.
//
//	extract PACKAGE-FOLDER TERRAFORM-FOLDER
//
// The package holds types that HashiCorp generated from the provider's own schema: an interface per
// block in index.d.ts, whose comments name each argument as Terraform does, and a class per block in
// index.js, whose getters name what is computed. They do not tell a set from a list, or which optional
// arguments are computed as well.
package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/seneka-io/seneka/terraform/standin/schema"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "extract PACKAGE-FOLDER TERRAFORM-FOLDER")
		os.Exit(2)
	}
	p, err := extract(os.Args[1], os.Args[2])
	if err == nil {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", " ")
		out.SetEscapeHTML(false)
		err = out.Encode(p)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "extract:", err)
		os.Exit(1)
	}
}

// extract reads the lists of what the modules below terraform use.
func extract(pkg, terraform string) (*schema.Provider, error) {
	var manifest struct {
		Name, Version string
		Cdktf         struct {
			Provider struct{ Name, Version string }
		}
	}
	data, err := os.ReadFile(filepath.Join(pkg, "package.json"))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &manifest); err != nil {
		return nil, err
	}
	p := &schema.Provider{
		Provider:  manifest.Cdktf.Provider.Name + " " + manifest.Cdktf.Provider.Version,
		Source:    "npm " + manifest.Name + " " + manifest.Version + ", MPL-2.0; `make terraform-schemas` takes them again",
		Resources: map[string]*schema.Block{}, Data: map[string]*schema.Block{},
	}
	used, err := uses(terraform)
	if err != nil {
		return nil, err
	}
	if len(used) == 0 {
		return nil, errors.New("no resource of Google's is used below " + terraform)
	}
	for _, u := range used {
		name := strings.TrimPrefix(u.typ, "google_")
		into := p.Resources
		if u.kind == "data" {
			name, into = "data_google_"+name, p.Data
		}
		b, err := read(filepath.Join(pkg, "lib", strings.ReplaceAll(name, "_", "-")))
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", u.kind, u.typ, err)
		}
		into[u.typ] = b
	}
	return p, nil
}

// use is a resource or data source that a module has.
type use struct{ kind, typ string }

var usePattern = regexp.MustCompile(`(?m)^\s*(resource|data) "(google_\w+)"`)

func uses(dir string) (found []use, err error) {
	err = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".tf" {
			return err
		}
		data, err := os.ReadFile(path)
		for _, m := range usePattern.FindAllStringSubmatch(string(data), -1) {
			found = append(found, use{m[1], m[2]})
		}
		return err
	})
	return found, err
}

// library is one resource's types and code.
type library struct {
	fields   map[string][]field             // by interface
	computed map[string]map[string]computed // by class
}

// field is an argument.
type field struct {
	name, typ string // the type is TypeScript's
	optional  bool
}

// computed is an attribute that a getter returns.
type computed struct {
	typ   string // Terraform's, as JSON; or
	class string // the class of its elements
}

func read(dir string) (*schema.Block, error) {
	types, err := os.ReadFile(filepath.Join(dir, "index.d.ts"))
	if err != nil {
		return nil, err
	}
	code, err := os.ReadFile(filepath.Join(dir, "index.js"))
	if err != nil {
		return nil, err
	}
	l := &library{fields(string(types)), getters(string(code))}
	m := rootPattern.FindStringSubmatch(string(code))
	if m == nil {
		return nil, errors.New("no class of a resource")
	}
	b := l.block(m[1]+"Config", m[1])
	if len(b.Required)+len(b.Optional) == 0 {
		return nil, errors.New("no argument was found: the package has another form")
	}
	return b, nil
}

var (
	rootPattern      = regexp.MustCompile(`class (\w+) extends cdktf\.Terraform(?:Resource|DataSource) `)
	interfacePattern = regexp.MustCompile(`(?s)export interface (\w+)[^{]*\{\n(.*?)\n\}`)
	fieldPattern     = regexp.MustCompile(`(?s)#(\w+) \w+#\w+\}.*?readonly \w+(\??): (\{[^}]*\}|[^;{]*);\n`)
	classPattern     = regexp.MustCompile(`(?s)\nclass (\w+) extends [^\n]*\{\n(.*?)\n\}`)
	getterPattern    = regexp.MustCompile(`this\.get(\w+?)Attribute\('(\w+)'\)`)
	memberPattern    = regexp.MustCompile(`= new ([\w.]+)\(this, "(\w+)"`)
)

func fields(types string) map[string][]field {
	all := map[string][]field{}
	for _, m := range interfacePattern.FindAllStringSubmatch(types, -1) {
		for _, f := range fieldPattern.FindAllStringSubmatch(m[2]+"\n", -1) {
			typ := strings.Join(strings.Fields(strings.ReplaceAll(f[3], "| cdktf.IResolvable", "")), " ")
			all[m[1]] = append(all[m[1]], field{f[1], typ, f[2] == "?"})
		}
	}
	return all
}

// attributeTypes are Terraform's types by the name of the getter.
var attributeTypes = map[string]string{
	"String": `"string"`, "Boolean": `"bool"`, "Number": `"number"`, "List": `["list","string"]`, "NumberList": `["list","number"]`,
	"StringMap": `["map","string"]`, "NumberMap": `["map","number"]`, "BooleanMap": `["map","bool"]`, "AnyMap": `["map","string"]`,
}

func getters(code string) map[string]map[string]computed {
	all := map[string]map[string]computed{}
	for _, m := range classPattern.FindAllStringSubmatch(code, -1) {
		members := map[string]computed{}
		for _, g := range getterPattern.FindAllStringSubmatch(m[2], -1) {
			members[g[2]] = computed{typ: cmp.Or(attributeTypes[g[1]], `"string"`)}
		}
		for _, g := range memberPattern.FindAllStringSubmatch(m[2], -1) {
			if typ, ok := strings.CutPrefix(g[1], "cdktf."); ok {
				members[g[2]] = computed{typ: cmp.Or(attributeTypes[typ], attributeTypes["StringMap"])}
			} else {
				members[g[2]] = computed{class: strings.TrimSuffix(strings.TrimSuffix(g[1], "List"), "OutputReference")}
			}
		}
		all[strings.TrimSuffix(m[1], "OutputReference")] = members
	}
	return all
}

// scalars are Terraform's types by TypeScript's.
var scalars = map[string]string{
	"string": `"string"`, "boolean": `"bool"`, "number": `"number"`, "string[]": `["list","string"]`, "number[]": `["list","number"]`,
	"{ [key: string]: string; }": `["map","string"]`, "{ [key: string]: string }": `["map","string"]`,
}

// block is the arguments of an interface with the attributes of the class that belongs to it.
func (l *library) block(iface, class string) *schema.Block {
	b := &schema.Block{
		Required: map[string]json.RawMessage{}, Optional: map[string]json.RawMessage{}, Computed: map[string]json.RawMessage{}, Blocks: map[string]*schema.Block{},
	}
	for _, f := range l.fields[iface] {
		typ, scalar := scalars[strings.TrimSpace(f.typ)]
		switch {
		case !scalar:
			element := strings.TrimSuffix(strings.TrimSpace(f.typ), "[]")
			inner := l.block(element, element)
			inner.Many, inner.Needed = element != strings.TrimSpace(f.typ), !f.optional
			b.Blocks[f.name] = inner
		case f.optional:
			b.Optional[f.name] = json.RawMessage(typ)
		default:
			b.Required[f.name] = json.RawMessage(typ)
		}
	}
	for name, c := range l.computed[class] {
		if b.Required[name] == nil && b.Optional[name] == nil && b.Blocks[name] == nil {
			b.Computed[name] = l.typeOf(c)
		}
	}
	return b
}

// typeOf is the type of a computed attribute.
func (l *library) typeOf(c computed) json.RawMessage {
	if c.class == "" {
		return json.RawMessage(c.typ)
	}
	object := map[string]json.RawMessage{}
	for name, inner := range l.computed[c.class] {
		object[name] = l.typeOf(inner)
	}
	data, err := json.Marshal([]any{"list", []any{"object", object}})
	if err != nil {
		panic(err) // of strings and types that were strings
	}
	return data
}
