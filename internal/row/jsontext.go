package row

import (
	"errors"
	"fmt"
	"math"
	"strconv"
)

// maxJSONNesting is how many levels of arrays and objects a JSON value may have
// (https://cloud.google.com/bigquery/docs/json-data#limitations).
const maxJSONNesting = 500

var (
	errJSONEnd     = errors.New("ends too early")
	errJSONNesting = fmt.Errorf("nested deeper than %d levels", maxJSONNesting)
	errJSONHalf    = errors.New(`a \u escape holds half a surrogate pair`)
)

// checkJSON reports why BigQuery would refuse b as a JSON value: it is no JSON (RFC 8259), too
// deeply nested, or holds half a surrogate pair or a number beyond FLOAT64. The last two are no
// errors to most parsers, encoding/json among them, but are to that of GoogleSQL
// (google/zetasql, zetasql/public/json_value.cc, which stands on nlohmann/json). Like it,
// checkJSON takes repeated keys, and numbers that FLOAT64 has to round.
//
// Invalid UTF-8 inside a string is left to the caller. checkJSON does not allocate.
func checkJSON(b []byte) error {
	p := jsonParser{b: b}
	if err := p.value(0); err != nil {
		return fmt.Errorf("%w, at byte %d", err, p.i)
	}
	if p.space(); p.i < len(b) {
		return fmt.Errorf("something follows the value, at byte %d", p.i)
	}
	return nil
}

type jsonParser struct {
	b []byte
	i int
}

// peek returns the next byte, or 0, which JSON never holds, at the end.
func (p *jsonParser) peek() byte {
	if p.i < len(p.b) {
		return p.b[p.i]
	}
	return 0
}

func (p *jsonParser) space() {
	for p.i < len(p.b) {
		switch p.b[p.i] {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return
		}
	}
}

// unexpected is the error of a byte that does not belong where it is.
func (p *jsonParser) unexpected() error {
	if p.i >= len(p.b) {
		return errJSONEnd
	}
	return fmt.Errorf("unexpected %q", p.b[p.i])
}

// value reads a value inside depth arrays and objects, and the space before it.
func (p *jsonParser) value(depth int) error {
	p.space()
	switch c := p.peek(); c {
	case '{', '[':
		if depth == maxJSONNesting {
			return errJSONNesting
		}
		return p.composite(c, depth+1)
	case '"':
		return p.str()
	case 't':
		return p.literal("true")
	case 'f':
		return p.literal("false")
	case 'n':
		return p.literal("null")
	default:
		return p.number()
	}
}

// composite reads the array or object that opens here.
func (p *jsonParser) composite(open byte, depth int) error {
	end := open + 2 // ']' of '[', '}' of '{'
	p.i++
	if p.space(); p.peek() == end {
		p.i++
		return nil
	}
	for {
		if open == '{' {
			if err := p.key(); err != nil {
				return err
			}
		}
		if err := p.value(depth); err != nil {
			return err
		}
		p.space()
		switch p.peek() {
		case ',':
			p.i++
		case end:
			p.i++
			return nil
		default:
			return p.unexpected()
		}
	}
}

// key reads a member's name, its colon and the space before both.
func (p *jsonParser) key() error {
	if p.space(); p.peek() != '"' {
		return p.unexpected()
	}
	if err := p.str(); err != nil {
		return err
	}
	if p.space(); p.peek() != ':' {
		return p.unexpected()
	}
	p.i++
	return nil
}

func (p *jsonParser) literal(want string) error {
	for i := range len(want) {
		if p.peek() != want[i] {
			return p.unexpected()
		}
		p.i++
	}
	return nil
}

func (p *jsonParser) str() error {
	for p.i++; p.i < len(p.b); {
		switch c := p.b[p.i]; {
		case c == '"':
			p.i++
			return nil
		case c < ' ':
			return p.unexpected()
		case c != '\\':
			p.i++
		default:
			if err := p.escape(); err != nil {
				return err
			}
		}
	}
	return errJSONEnd
}

// escape reads what a backslash introduces: a surrogate pair as a whole.
func (p *jsonParser) escape() error {
	p.i++
	switch p.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		p.i++
		return nil
	case 'u':
	default:
		return p.unexpected()
	}
	r, err := p.hex()
	if err != nil || r < 0xd800 || r > 0xdfff {
		return err
	}
	if r >= 0xdc00 || p.peek() != '\\' {
		return errJSONHalf
	}
	if p.i++; p.peek() != 'u' {
		return errJSONHalf
	}
	if r, err = p.hex(); err == nil && (r < 0xdc00 || r > 0xdfff) {
		return errJSONHalf
	}
	return err
}

// hex reads the u of an escape and its four digits.
func (p *jsonParser) hex() (r uint32, err error) {
	p.i++
	for range 4 {
		c := p.peek()
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | uint32(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r = r<<4 | uint32(c|0x20-'a'+10)
		default:
			return 0, p.unexpected()
		}
		p.i++
	}
	return r, nil
}

func (p *jsonParser) number() error {
	start, exponent := p.i, false
	if p.peek() == '-' {
		p.i++
	}
	if p.peek() == '0' {
		p.i++
	} else if err := p.digits(); err != nil {
		return err
	}
	if p.peek() == '.' {
		p.i++
		if err := p.digits(); err != nil {
			return err
		}
	}
	if p.peek()|0x20 == 'e' {
		exponent = true
		p.i++
		if c := p.peek(); c == '+' || c == '-' {
			p.i++
		}
		if err := p.digits(); err != nil {
			return err
		}
	}
	return checkFinite(p.b[start:p.i], exponent)
}

// digits reads one or more digits.
func (p *jsonParser) digits() error {
	start := p.i
	for '0' <= p.peek() && p.peek() <= '9' {
		p.i++
	}
	if p.i == start {
		return p.unexpected()
	}
	return nil
}

// checkFinite reports a number beyond FLOAT64. Without an exponent that takes 309 digits.
func checkFinite(number []byte, exponent bool) error {
	if !exponent && len(number) < 309 {
		return nil
	}
	if f, _ := strconv.ParseFloat(string(number), 64); math.IsInf(f, 0) {
		return errors.New("a number is beyond FLOAT64")
	}
	return nil
}
