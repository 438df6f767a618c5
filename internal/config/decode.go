package config

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// decoder walks the YAML tree of one file and collects what is wrong with it.
type decoder struct {
	file    string
	anchors map[string]ast.Node
	errs    Errors
}

func (d *decoder) fail(at *token.Position, path, format string, args ...any) {
	if at == nil {
		at = &token.Position{Line: 1, Column: 1}
	}
	d.errs = append(d.errs, &Error{d.file, at.Line, at.Column, path, fmt.Sprintf(format, args...)})
}

// document returns the root of the only document in data, or nil after an error.
func (d *decoder) document(data []byte) ast.Node {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	switch {
	case len(data) > MaxSize:
		d.fail(nil, "", "over %d bytes; is this the right file?", MaxSize)
		return nil
	case !utf8.Valid(data):
		line, column := invalidUTF8(data)
		d.fail(&token.Position{Line: line, Column: column}, "", "not UTF-8; save the file in that encoding")
		return nil
	}
	tokens := lexer.Tokenize(string(data))
	if t := tooDeep(tokens); t != nil {
		d.fail(t.Position, "", "not a configuration: nested too deeply")
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		d.syntax(err)
		return nil
	}
	return d.only(file.Docs)
}

func (d *decoder) only(docs []*ast.DocumentNode) ast.Node {
	docs = slices.DeleteFunc(docs, func(n *ast.DocumentNode) bool {
		return n.Body == nil || n.Body.Type() == ast.DirectiveType
	})
	if len(docs) == 0 {
		d.fail(nil, "", "the file is empty; write project, landing, ledger, queue and sources")
		return nil
	}
	if len(docs) > 1 {
		d.fail(position(docs[1].Body), "", "a second document begins here; write one only")
		return nil
	}
	d.anchors = map[string]ast.Node{}
	ast.Walk(d, docs[0])
	return docs[0].Body
}

// Visit collects the anchors: ast.Walk calls it for every node.
func (d *decoder) Visit(n ast.Node) ast.Visitor {
	if a, ok := n.(*ast.AnchorNode); ok && a.Name != nil {
		d.anchors[a.Name.GetToken().Value] = a.Value
	}
	return d
}

func (d *decoder) syntax(err error) {
	var syntax yaml.Error
	if !errors.As(err, &syntax) || syntax.GetToken() == nil {
		d.fail(nil, "", "not YAML: %v", err)
		return
	}
	problem := strings.ReplaceAll(syntax.GetMessage(), "\t", `\t`)
	if strings.Contains(problem, "tab") || strings.Contains(problem, `\t`) {
		problem += "; indent with spaces"
	}
	d.fail(syntax.GetToken().Position, "", "not YAML: %s", problem)
}

// Limits on a file's shape. The parser spends memory on each level of nesting for each node, and a
// configuration needs four levels.
const (
	maxFlowDepth = 16  // of [ and {
	maxColumn    = 200 // of a block's -, ? or :
)

// tooDeep returns the first token that nests deeper than any configuration does.
func tooDeep(tokens token.Tokens) *token.Token {
	depth := 0
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType, token.MappingKeyType, token.MappingValueType:
			if depth <= 0 && t.Position.Column > maxColumn {
				return t
			}
		}
		if depth > maxFlowDepth {
			return t
		}
	}
	return nil
}

func invalidUTF8(data []byte) (line, column int) {
	line, column = 1, 1
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		switch {
		case r == utf8.RuneError && n == 1:
			return line, column
		case r == '\n':
			line, column = line+1, 1
		default:
			column++
		}
		data = data[n:]
	}
	return line, column
}

// position returns where n begins; of a block mapping that is its first key.
func position(n ast.Node) *token.Position {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		return position(m.Values[0].Key)
	}
	if n == nil || n.GetToken() == nil {
		return nil
	}
	return n.GetToken().Position
}

// resolve follows anchors, aliases and tags to the value behind them; nil, after an error, if an
// alias leads nowhere.
func (d *decoder) resolve(n ast.Node, path string) ast.Node {
	start := n
	for range len(d.anchors) + 3 {
		switch v := n.(type) {
		case *ast.AnchorNode:
			n = v.Value
		case *ast.TagNode:
			n = v.Value
		case *ast.AliasNode:
			name := v.Value.GetToken().Value
			if n = d.anchors[name]; n == nil {
				d.fail(position(v), path, "no anchor &%s is in the file", name)
				return nil
			}
		default:
			return n
		}
	}
	d.fail(position(start), path, "an alias that leads back to itself")
	return nil
}
