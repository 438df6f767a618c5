// Package errkind classifies errors by what the caller can do about them.
//
// An adapter decides the kind once, where it still sees its SDK's error type; the edge (the HTTP
// handler, the queue loop, a command) reads it once to choose between retry, give up and carry on.
package errkind

import "errors"

// Kind says what can be done about an error.
type Kind uint8

const (
	// Transient may pass by itself: try again. It is the kind of every error that nobody
	// classified, because a needless retry loses nothing and a wrong surrender loses a file.
	Transient Kind = iota
	// Permanent stays the same however often it is tried: bytes or settings have to change first.
	Permanent
	// NotFound means that the named thing, or that version of it, is not there.
	NotFound
	// Exists means that a precondition failed: something else, or our own retried write, is there.
	Exists
)

// String returns the kind's name as it stands in logs.
func (k Kind) String() string {
	switch k {
	case Permanent:
		return "permanent"
	case NotFound:
		return "not_found"
	case Exists:
		return "exists"
	default:
		return "transient"
	}
}

// With returns err marked with kind k and its text unchanged, or nil if err is nil.
// The outermost mark wins.
func With(k Kind, err error) error {
	if err == nil {
		return nil
	}
	return &kinded{kind: k, err: err}
}

// Of returns the outermost kind that err carries; Transient if it carries none.
func Of(err error) Kind {
	var k *kinded
	if errors.As(err, &k) {
		return k.kind
	}
	return Transient
}

// Is reports whether err is an error of kind k.
func Is(err error, k Kind) bool { return err != nil && Of(err) == k }

type kinded struct {
	kind Kind
	err  error
}

func (k *kinded) Error() string { return k.err.Error() }
func (k *kinded) Unwrap() error { return k.err }
