package jsonlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// maxNesting is how many levels of arrays and objects a JSON value may have
// (https://cloud.google.com/bigquery/docs/json-data#limitations).
const maxNesting = 500

// sureNesting leaves room for the levels of columns, and of what has none, around a value.
const sureNesting = 400

// errSyntax means that the byte does not belong where it is.
var errSyntax = errors.New("no JSON")

// errMore means that the object goes on behind the bytes that are there.
var errMore = errors.New("the object goes on")

var errNesting = fmt.Errorf("nested deeper than %d levels", maxNesting)

// scanner walks over JSON. Its methods go behind what they read, or return what is wrong at b[i]:
// errMore if that is the end.
type scanner struct {
	b     []byte
	i     int
	stack []byte // the open brackets of skip

	spaced bool // there was a space between tokens
	half   bool // half a surrogate pair was escaped
	deep   bool // nested deeper than maxNesting
	unsure bool // a number may be beyond FLOAT64, or it is nested so deep that a few levels around it may be too many
}

// peek returns the next byte, or 0, which no token begins with, at the end.
func (s *scanner) peek() byte {
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

func (s *scanner) space() {
	for s.i < len(s.b) && isSpace(s.b[s.i]) {
		s.i++
		s.spaced = true
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// unexpected is the error of the next byte, or of the end.
func (s *scanner) unexpected() error {
	if s.i >= len(s.b) {
		return errMore
	}
	return errSyntax
}

// skip reads a value of any kind.
func (s *scanner) skip() error {
	s.stack = s.stack[:0]
	for {
		opened, err := s.token()
		if err != nil {
			return err
		}
		for !opened {
			if len(s.stack) == 0 {
				return nil
			}
			if opened, err = s.behind(); err != nil {
				return err
			}
		}
	}
}

// token reads a scalar, or up to the first value of an array or object; opened tells if there is one.
func (s *scanner) token() (opened bool, err error) {
	s.space()
	switch c := s.peek(); c {
	case '"':
		_, _, err = s.str()
	case '{', '[':
		s.i++
		if len(s.stack) >= sureNesting {
			s.unsure = true
		}
		if len(s.stack) == maxNesting {
			s.deep = true
		}
		if s.space(); s.peek() == c+2 { // '}' of '{', ']' of '['
			s.i++
			return false, nil
		}
		s.stack = append(s.stack, c)
		if c == '{' {
			_, _, err = s.key()
		}
		return true, err
	case 't', 'f', 'n':
		err = s.literal()
	default:
		_, err = s.number()
	}
	return false, err
}

// behind reads what stands behind a value of the innermost open bracket: more tells that it is
// another value, not the end.
func (s *scanner) behind() (more bool, err error) {
	open := s.stack[len(s.stack)-1]
	s.space()
	switch s.peek() {
	case ',':
		s.i++
		if open == '{' {
			_, _, err = s.key()
		}
		return true, err
	case open + 2:
		s.i++
		s.stack = s.stack[:len(s.stack)-1]
		return false, nil
	}
	return false, s.unexpected()
}

// key reads a member's name, its colon and the space around both. raw is as str returns it.
func (s *scanner) key() (raw []byte, escaped bool, err error) {
	if s.space(); s.peek() != '"' {
		return nil, false, s.unexpected()
	}
	if raw, escaped, err = s.str(); err != nil {
		return nil, false, err
	}
	if s.space(); s.peek() != ':' {
		return nil, false, s.unexpected()
	}
	s.i++
	s.space()
	return raw, escaped, nil
}

// str reads a string and returns what is between its quotes.
func (s *scanner) str() (raw []byte, escaped bool, err error) {
	s.i++
	start := s.i
	for {
		s.plain()
		switch s.peek() {
		case '"':
			s.i++
			return s.b[start : s.i-1], escaped, nil
		case '\\':
			escaped = true
			if err := s.escape(); err != nil {
				return nil, false, err
			}
		default:
			return nil, false, s.unexpected()
		}
	}
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// plain goes to the next quote, backslash or control character, eight bytes at a time.
func (s *scanner) plain() {
	for s.i+8 <= len(s.b) {
		w := binary.LittleEndian.Uint64(s.b[s.i:])
		quote, slash := w^ones*'"', w^ones*'\\'
		// The lowest bit set is right. Those above it may come of a borrow, and do not matter.
		found := ((w - ones*' ') &^ w) | ((quote - ones) &^ quote) | ((slash - ones) &^ slash)
		if found &= highs; found != 0 {
			s.i += bits.TrailingZeros64(found) / 8
			return
		}
		s.i += 8
	}
	for s.i < len(s.b) && s.b[s.i] >= ' ' && s.b[s.i] != '"' && s.b[s.i] != '\\' {
		s.i++
	}
}

// escape reads what a backslash introduces: a surrogate pair as a whole.
func (s *scanner) escape() error {
	s.i++
	switch s.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.i++
		return nil
	case 'u':
	default:
		return s.unexpected()
	}
	r, err := s.hex()
	if err != nil || r < 0xd800 || r > 0xdfff {
		return err
	}
	if r >= 0xdc00 || s.peek() != '\\' || s.i+1 >= len(s.b) || s.b[s.i+1] != 'u' {
		s.half = true
		return nil
	}
	second := s.i
	s.i++
	if r, err = s.hex(); err == nil && (r < 0xdc00 || r > 0xdfff) {
		s.half = true
		s.i = second // it may be the first half of a pair
	}
	return err
}

// hex reads the u of an escape and its four digits.
func (s *scanner) hex() (r uint32, err error) {
	s.i++
	for range 4 {
		c := s.peek()
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | uint32(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r = r<<4 | uint32(c|0x20-'a'+10)
		default:
			return 0, s.unexpected()
		}
		s.i++
	}
	return r, nil
}

// literal reads true, false or null.
func (s *scanner) literal() error {
	want := "null"
	switch s.peek() {
	case 't':
		want = "true"
	case 'f':
		want = "false"
	}
	for i := range len(want) {
		if s.peek() != want[i] {
			return s.unexpected()
		}
		s.i++
	}
	return nil
}

// number reads a number and returns its text.
func (s *scanner) number() ([]byte, error) {
	start := s.i
	if s.peek() == '-' {
		s.i++
	}
	if s.peek() == '0' {
		s.i++
	} else if err := s.digits(); err != nil {
		return nil, err
	}
	if s.peek() == '.' {
		s.i++
		if err := s.digits(); err != nil {
			return nil, err
		}
	}
	if s.peek()|0x20 == 'e' {
		s.unsure = true
		s.i++
		if c := s.peek(); c == '+' || c == '-' {
			s.i++
		}
		if err := s.digits(); err != nil {
			return nil, err
		}
	}
	const sure = 300 // digits: FLOAT64 ends at 1.8e308
	if s.i-start > sure {
		s.unsure = true
	}
	return s.b[start:s.i], nil
}

// digits reads one or more digits.
func (s *scanner) digits() error {
	start := s.i
	for s.i < len(s.b) && '0' <= s.b[s.i] && s.b[s.i] <= '9' {
		s.i++
	}
	if s.i == start {
		return s.unexpected()
	}
	return nil
}
