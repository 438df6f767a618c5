package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// section is one mapping of the file, such as a source.
type section struct {
	*decoder
	path   string // "" at the top, else as in sources[1]
	at     *token.Position
	fields map[string]field
	meant  map[string]bool // keys that an unknown one was taken for
}

type field struct {
	at    *token.Position // of the key
	value ast.Node
}

// section reads the mapping n, whose keys must be among known. nil, after an error, if n is none.
func (d *decoder) section(at *token.Position, n ast.Node, path string, known []string) *section {
	n = d.resolve(n, path)
	if n == nil {
		return nil
	}
	m, ok := n.(*ast.MappingNode)
	if !ok {
		d.fail(at, path, "must be keys and values; known: %s", strings.Join(known, ", "))
		return nil
	}
	s := &section{d, path, at, map[string]field{}, map[string]bool{}}
	s.add(m, known, map[ast.Node]bool{})
	return s
}

// add takes in the keys of m and then those of the mappings that it merges: a key that is there
// already goes before a merged one. Each node is taken once, so that aliases cannot go round.
func (s *section) add(m *ast.MappingNode, known []string, seen map[ast.Node]bool) {
	if seen[m] {
		return
	}
	seen[m] = true
	lines := map[string]int{}
	var merged []ast.Node
	for _, kv := range m.Values {
		key, at := kv.Key.GetToken().Value, position(kv.Key)
		if kv.Key.IsMergeKey() {
			merged = append(merged, kv.Value)
			continue
		}
		if line, dup := lines[key]; dup {
			s.fail(at, s.join(key), "written twice, first on line %d; keep one", line)
			continue
		}
		lines[key] = at.Line
		if !slices.Contains(known, key) {
			s.fail(at, s.join(key), "%v", unknown("key", key, known))
			s.meant[nearest(key, known)] = true
		} else if _, there := s.fields[key]; !there {
			s.fields[key] = field{at, kv.Value}
		}
	}
	for _, n := range merged {
		s.merge(n, known, seen)
	}
}

// merge takes in the keys of n, the value of a << key: a mapping or a list of them.
func (s *section) merge(n ast.Node, known []string, seen map[ast.Node]bool) {
	switch v := s.resolve(n, s.join("<<")).(type) {
	case nil: // reported
	case *ast.MappingNode:
		s.add(v, known, seen)
	case *ast.SequenceNode:
		if seen[v] {
			return
		}
		seen[v] = true
		for _, e := range v.Values {
			s.merge(e, known, seen)
		}
	default:
		s.fail(position(n), s.join("<<"), "must name keys and values to merge")
	}
}

// join returns the path of the section's key.
func (s *section) join(key string) string {
	if s.path == "" {
		return key
	}
	return s.path + "." + key
}

// problem reports what is wrong with the value of key.
func (s *section) problem(key, value string, err error) {
	const most = 200 // bytes of it that help
	if len(value) > most {
		value = value[:most] + "…"
	}
	s.fail(s.fields[key].at, s.join(key), "%q: %v", value, err)
}

// require returns the value of a key that must be there. ok is false after an error, which tells to
// write example if there is no value.
func (s *section) require(key, example string) (value ast.Node, ok bool) {
	f, there := s.fields[key]
	if !there {
		if !s.meant[key] {
			s.fail(s.at, s.join(key), "missing; write %s: %s", key, example)
		}
		return nil, false
	}
	value = s.resolve(f.value, s.join(key))
	if value != nil && value.Type() == ast.NullType {
		s.fail(f.at, s.join(key), "has no value; write %s: %s", key, example)
		return nil, false
	}
	return value, value != nil
}

// text returns the value of a key that must be there, if check takes it. ok is false after an error.
func (s *section) text(key, example string, check func(string) error) (value string, ok bool) {
	n, ok := s.require(key, example)
	if !ok {
		return "", false
	}
	value, ok = scalar(n)
	if !ok {
		s.fail(s.fields[key].at, s.join(key), "must be a single value; write %s: %s", key, example)
		return "", false
	}
	if err := check(value); err != nil {
		s.problem(key, value, err)
		return "", false
	}
	return value, true
}

// optional is text for a key that may be missing: its value is otherwise.
func (s *section) optional(key, otherwise, example string, check func(string) error) string {
	if _, there := s.fields[key]; !there {
		return otherwise
	}
	value, _ := s.text(key, example, check)
	return value
}

// ratio returns the value of a key that is a number from 0 to 1 and may be missing.
func (s *section) ratio(key string, otherwise float64) (ratio float64) {
	ratio = otherwise
	s.optional(key, "", "0.1", func(text string) (err error) {
		ratio, err = strconv.ParseFloat(text, 64)
		if err != nil || !(ratio >= 0 && ratio <= 1) { // NaN is neither
			return fmt.Errorf("must be a number from 0 to 1; write %s: 0.1", key)
		}
		return nil
	})
	return ratio
}

// flag returns the value of a key that is true or false and may be missing.
func (s *section) flag(key string, otherwise bool) bool {
	return s.optional(key, strconv.FormatBool(otherwise), strconv.FormatBool(otherwise), func(text string) error {
		if text == "true" || text == "false" {
			return nil
		}
		return fmt.Errorf("must be true or false; write %s: %t", key, otherwise)
	}) == "true"
}

// scalar returns the text of a value as it was written, without quotes. ok is false if n is no
// single value.
func scalar(n ast.Node) (text string, ok bool) {
	switch v := n.(type) {
	case *ast.StringNode:
		return v.Value, true
	case *ast.LiteralNode:
		return strings.TrimSuffix(v.Value.Value, "\n"), true
	case ast.ScalarNode:
		return v.GetToken().Value, true
	default:
		return "", false
	}
}
