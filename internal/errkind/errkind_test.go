package errkind

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestOf(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want Kind
	}{
		{"unclassified is worth a retry", io.ErrUnexpectedEOF, Transient},
		{"marked", With(Permanent, io.ErrUnexpectedEOF), Permanent},
		{"marked, then wrapped", fmt.Errorf("read: %w", With(NotFound, io.EOF)), NotFound},
		{"outermost mark wins", With(Transient, fmt.Errorf("read: %w", With(NotFound, io.EOF))), Transient},
		{"joined", errors.Join(io.EOF, With(Exists, io.EOF)), Exists},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Of(tt.err); got != tt.want {
				t.Errorf("Of(%v) = %v, want %v", tt.err, got, tt.want)
			}
		})
	}
}

func TestWithKeepsTextAndCause(t *testing.T) {
	err := With(Permanent, fmt.Errorf("s3://b/k: %w", io.ErrUnexpectedEOF))
	if err.Error() != "s3://b/k: unexpected EOF" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("With changed the text or hid the cause: %v", err)
	}
	if With(Permanent, nil) != nil {
		t.Error("With(nil) is not nil")
	}
	if Is(nil, Transient) {
		t.Error("nil has no kind")
	}
}
