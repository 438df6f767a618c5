package contract

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/object"
)

const (
	gcsGenerations = "https://cloud.google.com/storage/docs/object-versioning#generation_numbers"
	gcsUploads     = "https://cloud.google.com/storage/docs/resumable-uploads#integrity_checks"
)

// Landing is the bucket "landing", as forward.Landing and load.Landing say.
type Landing struct {
	Copy func(ctx context.Context, name string, r io.Reader, size int64, metadata map[string]string, generation int64) error
	Stat func(ctx context.Context, name string) (metadata map[string]string, generation int64, err error)
	Open func(ctx context.Context, name string, generation int64) (*object.Body, error) // nil if the service has none
}

// TestLanding tests the bucket that open returns.
func TestLanding(t *testing.T, open func(t *testing.T) *Landing) {
	run(t, open, []clause[*Landing]{
		{"an object that is missing is not found", gcsConsistency, missingObject},
		{"what was copied is read, with its metadata", gcsConsistency, copied},
		{"an object is made once", gcsPreconditions, copiedOnce},
		{"an object is replaced by its generation only", gcsPreconditions, copiedInPlace},
		{"a replaced generation is gone", gcsGenerations, replacedIsGone},
		{"a body that breaks off leaves nothing", gcsUploads, brokenBody},
		{"a body of another length leaves nothing", gcsUploads, otherLength},
		{"a body whose length nobody knows is copied up to its end", gcsUploads, unknownLength},
	})
}

func (l *Landing) put(t *testing.T, name, data string, in int64) (generation int64) {
	t.Helper()
	mustDo(t, "Copy", l.copy(t, name, data, in))
	_, generation, err := l.Stat(t.Context(), name)
	mustDo(t, "Stat", err)
	return generation
}

func (l *Landing) copy(t *testing.T, name, data string, generation int64) error {
	t.Helper()
	return l.Copy(t.Context(), name, bytes.NewReader([]byte(data)), int64(len(data)), map[string]string{"of": data}, generation)
}

func (l *Landing) want(t *testing.T, name, want string, generation int64) {
	t.Helper()
	metadata, live, err := l.Stat(t.Context(), name)
	if err != nil || metadata["of"] != want || live != generation {
		t.Errorf("Stat(%s) = %v, %d, %v; want that of %q, %d", name, metadata, live, err, want, generation)
	}
	if l.Open == nil {
		return
	}
	body, err := l.Open(t.Context(), name, generation)
	mustDo(t, "Open", err)
	defer body.Close()
	if got, err := io.ReadAll(body); err != nil || string(got) != want || body.Size != int64(len(want)) {
		t.Errorf("read %q (size %d), %v; want %q", got, body.Size, err, want)
	}
}

func (l *Landing) wantNone(t *testing.T, name string) {
	t.Helper()
	_, _, err := l.Stat(t.Context(), name)
	wantKind(t, "Stat", err, errkind.NotFound)
}

func missingObject(t *testing.T, l *Landing) {
	l.wantNone(t, "b/none")
	wantKind(t, "Copy in place of a generation", l.copy(t, "b/none", "x", 7), errkind.Exists)
	l.wantNone(t, "b/none")
}

func copied(t *testing.T, l *Landing) {
	l.want(t, "b/k", "one", l.put(t, "b/k", "one", 0))
	l.want(t, "b/a key+with/50% ü", "two", l.put(t, "b/a key+with/50% ü", "two", 0))
}

func copiedOnce(t *testing.T, l *Landing) {
	generation := l.put(t, "b/k", "one", 0)
	wantKind(t, "Copy again", l.copy(t, "b/k", "two", 0), errkind.Exists)
	l.want(t, "b/k", "one", generation)
}

func copiedInPlace(t *testing.T, l *Landing) {
	first := l.put(t, "b/k", "one", 0)
	second := l.put(t, "b/k", "two", first)
	l.want(t, "b/k", "two", second)
	wantKind(t, "Copy in the first's place", l.copy(t, "b/k", "three", first), errkind.Exists)
	l.want(t, "b/k", "two", second)
}

func replacedIsGone(t *testing.T, l *Landing) {
	if l.Open == nil {
		return
	}
	first := l.put(t, "b/k", "one", 0)
	l.put(t, "b/k", "two", first)
	_, err := l.Open(t.Context(), "b/k", first)
	wantKind(t, "Open", err, errkind.NotFound)
}

var errReset = errors.New("connection reset by peer")

type reset struct{}

func (reset) Read([]byte) (int, error) { return 0, errReset }

func brokenBody(t *testing.T, l *Landing) {
	for _, size := range []int64{2000, -1} {
		err := l.Copy(t.Context(), "b/k", io.MultiReader(bytes.NewReader(make([]byte, 1000)), reset{}), size, nil, 0)
		if !errors.Is(err, errReset) {
			t.Errorf("Copy: %v, want the reader's error", err)
		}
		l.wantNone(t, "b/k")
	}
}

func otherLength(t *testing.T, l *Landing) {
	for _, size := range []int64{999, 1001} {
		if err := l.Copy(t.Context(), "b/k", bytes.NewReader(make([]byte, 1000)), size, nil, 0); err == nil {
			t.Errorf("1,000 bytes were taken for %d", size)
		}
		l.wantNone(t, "b/k")
	}
}

func unknownLength(t *testing.T, l *Landing) {
	var live int64
	for _, text := range []string{"one", "another"} {
		mustDo(t, "Copy", l.Copy(t.Context(), "b/k", bytes.NewReader([]byte(text)), -1, map[string]string{"of": text}, live))
		var err error
		_, live, err = l.Stat(t.Context(), "b/k")
		mustDo(t, "Stat", err)
		l.want(t, "b/k", text, live)
		wantKind(t, "Copy again", l.Copy(t.Context(), "b/k", bytes.NewReader([]byte("x")), -1, nil, live+1), errkind.Exists)
		l.want(t, "b/k", text, live)
	}
}
