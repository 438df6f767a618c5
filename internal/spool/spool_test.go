package spool

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/seneka-io/seneka/internal/errkind"
)

func TestKeep(t *testing.T) {
	for text, files := range map[string]int{"": 0, "12345678": 0, "123456789": 1, strings.Repeat("x", 20): 1} {
		dir := t.TempDir()
		t.Setenv("TMPDIR", dir)
		s := &Spool{memory: 8, max: 20}
		kept, size, err := s.Keep(iotest.OneByteReader(strings.NewReader(text)))
		if err != nil || size != int64(len(text)) || len(s.files) != files {
			t.Fatalf("%d bytes: %d, %v, in %d files", len(text), size, err, len(s.files))
		}
		got, err := io.ReadAll(io.NewSectionReader(kept, 0, size))
		if err != nil || string(got) != text {
			t.Errorf("kept %q, %v; want %q", got, err, text)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%v in the directory of temporary files, %v", left, err)
		}
		s.Close()
		if _, err := kept.ReadAt(make([]byte, 1), 0); files > 0 && !errors.Is(err, os.ErrClosed) {
			t.Errorf("read after Close: %v", err)
		}
	}
}

func TestKeepFails(t *testing.T) {
	s := &Spool{memory: 8, max: 20}
	defer s.Close()
	if _, _, err := s.Keep(bytes.NewReader(make([]byte, 21))); !errkind.Is(err, errkind.Permanent) {
		t.Errorf("more than the most: %v", err)
	}
	broken := errors.New("connection reset")
	for _, n := range []int{4, 12} {
		r := io.MultiReader(bytes.NewReader(make([]byte, n)), iotest.ErrReader(broken))
		if _, _, err := s.Keep(r); err != broken {
			t.Errorf("the reader fails after %d bytes: %v", n, err)
		}
	}
	t.Setenv("TMPDIR", "/no such directory")
	if _, _, err := s.Keep(bytes.NewReader(make([]byte, 12))); err == nil || errkind.Is(err, errkind.Permanent) {
		t.Errorf("no place for temporary files: %v", err)
	}
}
