package contract

import (
	"context"
	"io"
	"testing"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/object"
)

const (
	s3Get         = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html"
	s3Conditional = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-reads.html"
	s3Versions    = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/RetMetadataOfObjVersion.html"
)

// Source is an S3 bucket, as forward.Source says.
type Source struct {
	Open   func(ctx context.Context, e object.Event) (*object.Body, error)
	Put    func(t *testing.T, key, data string) object.Event
	Delete func(t *testing.T, key string)
	// Versioned turns the bucket's versions on; nil if the service has none.
	Versioned func(t *testing.T)
	// Cut breaks the next body off after a byte.
	Cut func()
}

// TestSource tests the bucket that open returns.
func TestSource(t *testing.T, open func(t *testing.T) *Source) {
	run(t, open, []clause[*Source]{
		{"what was put is read", s3Get, putIsRead},
		{"a deleted object is not found", s3Get, deletedObject},
		{"an overwritten object is not read by its old ETag", s3Conditional, overwritten},
		{"a version is read though it was overwritten", s3Versions, pinned},
		{"a body that breaks off is an error", s3Get, cutBody},
	})
}

func (s *Source) want(t *testing.T, e object.Event, want string) {
	t.Helper()
	body, err := s.Open(t.Context(), e)
	mustDo(t, "Open", err)
	defer body.Close()
	if got, err := io.ReadAll(body); err != nil || string(got) != want || body.Size != int64(len(want)) {
		t.Errorf("read %q (size %d), %v; want %q", got, body.Size, err, want)
	}
}

func putIsRead(t *testing.T, s *Source) {
	s.want(t, s.Put(t, "k.log", "one"), "one")
	s.want(t, s.Put(t, "a key+with/50% ü.log", "two"), "two")
}

func deletedObject(t *testing.T, s *Source) {
	e := s.Put(t, "k.log", "one")
	s.Delete(t, "k.log")
	_, err := s.Open(t.Context(), e)
	wantKind(t, "Open", err, errkind.NotFound)
}

func overwritten(t *testing.T, s *Source) {
	e := s.Put(t, "k.log", "one")
	newer := s.Put(t, "k.log", "two")
	_, err := s.Open(t.Context(), e)
	wantKind(t, "Open", err, errkind.Exists)
	s.want(t, newer, "two")
}

func pinned(t *testing.T, s *Source) {
	if s.Versioned == nil {
		return
	}
	s.Versioned(t)
	e := s.Put(t, "k.log", "one")
	newer := s.Put(t, "k.log", "two")
	s.want(t, e, "one")
	s.want(t, newer, "two")
}

func cutBody(t *testing.T, s *Source) {
	e := s.Put(t, "k.log", "one")
	s.Cut()
	body, err := s.Open(t.Context(), e)
	mustDo(t, "Open", err)
	defer body.Close()
	if got, err := io.ReadAll(body); err == nil && len(got) != 3 {
		t.Errorf("read %q and no error", got)
	} else if err == nil {
		t.Error("the body was not cut")
	}
}
