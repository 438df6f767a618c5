package config

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/errkind"
)

func TestReadLocal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seneka.yaml")
	if err := os.WriteFile(path, []byte("a: b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if data, err := Read(t.Context(), path, nil); err != nil || string(data) != "a: b\n" {
		t.Errorf("got %q, %v", data, err)
	}
	if _, err := Read(t.Context(), path+".not", nil); !errkind.Is(err, errkind.NotFound) || !strings.Contains(err.Error(), path+".not") {
		t.Errorf("a missing file: %v of kind %v", err, errkind.Of(err))
	}
	if _, err := Read(t.Context(), filepath.Dir(path), nil); err == nil {
		t.Error("a folder is read")
	}
}

func TestReadLocalSize(t *testing.T) {
	path := filepath.Join(t.TempDir(), "big")
	for size, want := range map[int]bool{MaxSize: true, MaxSize + 1: false} {
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		data, err := Read(t.Context(), path, nil)
		if want && (err != nil || len(data) != size) || !want && !errkind.Is(err, errkind.Permanent) {
			t.Errorf("%d bytes: %d read, %v", size, len(data), err)
		}
	}
}

func TestReadSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "schema.json")
	for size, want := range map[int]bool{MaxSize + 1: true, MaxSchemaSize + 1: false} {
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		data, err := (&Source{Schema: path}).ReadSchema(t.Context(), nil)
		if want && (err != nil || len(data) != size) || !want && !errkind.Is(err, errkind.Permanent) {
			t.Errorf("%d bytes: %d read, %v", size, len(data), err)
		}
	}
	if data, err := new(Source).ReadSchema(t.Context(), nil); data != nil || err != nil {
		t.Errorf("no schema: %q, %v", data, err)
	}
	_, err := (&Source{Schema: "no such file"}).ReadSchema(t.Context(), nil)
	if !errkind.Is(err, errkind.NotFound) || !strings.HasPrefix(err.Error(), "schema no such file: ") {
		t.Errorf("no file: %v", err)
	}
}

func TestLoad(t *testing.T) {
	c, err := Load(t.Context(), "../../seneka.example.yaml", nil, formats)
	if err != nil || c.Project != "acme-logs" {
		t.Errorf("got %+v, %v", c, err)
	}
	if _, err := Load(t.Context(), "", nil, formats); !errkind.Is(err, errkind.Permanent) || !strings.HasPrefix(err.Error(), "SENEKA_CONFIG is not set") {
		t.Errorf("no path: %v", err)
	}
	if _, err := Load(t.Context(), "no such file", nil, formats); !errkind.Is(err, errkind.NotFound) {
		t.Errorf("no file: %v", err)
	}
}

// fakeObject is what a fake bucket gives; its Reader and closeErr hold its faults.
type fakeObject struct {
	io.Reader
	closeErr error
	closed   bool
}

func (o *fakeObject) Close() error {
	o.closed = true
	return o.closeErr
}

func TestReadRemote(t *testing.T) {
	broken := errors.New("broken")
	tests := []struct {
		name string
		o    *fakeObject
		want string
	}{
		{"whole", &fakeObject{Reader: strings.NewReader("a: b")}, ""},
		{"read fails", &fakeObject{Reader: io.MultiReader(strings.NewReader("a: b"), errReader{broken})}, "configuration gs://b/dir/x.yaml: broken"},
		{"close fails", &fakeObject{Reader: strings.NewReader("a: b"), closeErr: broken}, "configuration gs://b/dir/x.yaml: broken"},
		{"too big", &fakeObject{Reader: endless{}}, "configuration gs://b/dir/x.yaml: over 1048576 bytes; is this the right file?"},
	}
	for _, tt := range tests {
		var bucket, name string
		data, err := Read(t.Context(), "gs://b/dir/x.yaml", func(_ context.Context, b, n string) (io.ReadCloser, error) {
			bucket, name = b, n
			return tt.o, nil
		})
		if bucket != "b" || name != "dir/x.yaml" || !tt.o.closed {
			t.Errorf("%s: opened %s %s, closed %v", tt.name, bucket, name, tt.o.closed)
		}
		if tt.want == "" && (err != nil || string(data) != "a: b") || tt.want != "" && errorText(err) != tt.want {
			t.Errorf("%s: %q, %v", tt.name, data, err)
		}
	}
}

func TestReadRemoteKeepsTheKind(t *testing.T) {
	_, err := Read(t.Context(), "gs://b/x", func(context.Context, string, string) (io.ReadCloser, error) {
		return nil, errkind.With(errkind.NotFound, errors.New("no such object"))
	})
	if !errkind.Is(err, errkind.NotFound) || err.Error() != "configuration gs://b/x: no such object" {
		t.Errorf("%v of kind %v", err, errkind.Of(err))
	}
	for _, path := range []string{"gs://", "gs://b", "gs://b/", "gs:///x"} {
		if _, err := Read(t.Context(), path, nil); !errkind.Is(err, errkind.Permanent) || !strings.HasSuffix(err.Error(), "names no object; write gs://BUCKET/NAME") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
