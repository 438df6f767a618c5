// Package gcsstore is the adapter to Google Cloud Storage: the landing bucket and the ledger.
package gcsstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"cloud.google.com/go/storage"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/googlehttp"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/redact"
)

// Store talks to Cloud Storage. It is made once per process, safe for concurrent use, and closed.
type Store struct {
	conn   *googlehttp.Client
	client *storage.Client
}

// New connects to Cloud Storage, or to the stand-in that STORAGE_EMULATOR_HOST names.
func New(ctx context.Context, opts ...option.ClientOption) (*Store, error) {
	auth := opts
	if os.Getenv("STORAGE_EMULATOR_HOST") != "" {
		auth = append(slices.Clone(opts), option.WithoutAuthentication()) // as the library does
	}
	conn, err := googlehttp.New(ctx, storage.ScopeReadWrite, auth...)
	if err != nil {
		return nil, fmt.Errorf("connect to Cloud Storage: %w", err)
	}
	c, err := storage.NewClient(ctx, append(slices.Clone(opts), option.WithHTTPClient(conn.Client))...)
	if err != nil {
		return nil, fmt.Errorf("connect to Cloud Storage: %w", err)
	}
	return &Store{conn, c}, nil
}

// Close releases the client's connections.
func (s *Store) Close() error {
	defer s.conn.Close()
	return s.client.Close()
}

// Open reads one generation of an object; generation 0 means the one that is live.
// errkind.NotFound if it is gone.
func (s *Store) Open(ctx context.Context, o object.Landed) (*object.Body, error) {
	h := s.client.Bucket(o.Bucket).Object(o.Name)
	if o.Generation != 0 {
		h = h.Generation(o.Generation)
	}
	// Compressed bytes stay compressed: the length and checksum that are checked are theirs.
	r, err := h.ReadCompressed(true).NewReader(ctx)
	if err != nil {
		return nil, classify(err)
	}
	return &object.Body{
		ReadCloser: r, Size: r.Attrs.Size, Metadata: lowerKeys(r.Metadata()),
		CRC32C: r.Attrs.CRC32C, HasCRC: r.Attrs.CRC32C != 0, // 0 is also what the client makes of none
	}, nil
}

// OpenLive reads an object's live generation, such as a configuration file.
func (s *Store) OpenLive(ctx context.Context, bucket, name string) (io.ReadCloser, error) {
	b, err := s.Open(ctx, object.Landed{Bucket: bucket, Name: name})
	if err != nil {
		return nil, fmt.Errorf("gs://%s/%s: %w", bucket, name, err)
	}
	return b, nil
}

// lowerKeys undoes what becomes of metadata keys as the names of headers.
func lowerKeys(headers map[string]string) map[string]string {
	metadata := make(map[string]string, len(headers))
	for k, v := range headers {
		metadata[strings.ToLower(k)] = v
	}
	return metadata
}

// Live returns the generation that an object's name has now; errkind.NotFound if none.
func (s *Store) Live(ctx context.Context, bucket, name string) (int64, error) {
	_, generation, err := s.Stat(ctx, object.Landed{Bucket: bucket, Name: name})
	return generation, err
}

// Stat returns an object's custom metadata and generation, of the live one where o names none.
// errkind.NotFound if it is gone.
func (s *Store) Stat(ctx context.Context, o object.Landed) (metadata map[string]string, generation int64, err error) {
	d, generation, err := s.Describe(ctx, o)
	return d.Metadata, generation, err
}

// Describe returns what the store says of an object and its generation, of the live one where o
// names none. errkind.NotFound if it is gone.
func (s *Store) Describe(ctx context.Context, o object.Landed) (d object.Description, generation int64, err error) {
	h := s.client.Bucket(o.Bucket).Object(o.Name)
	if o.Generation != 0 {
		h = h.Generation(o.Generation)
	}
	attrs, err := h.Attrs(ctx)
	if err != nil {
		return object.Description{}, 0, classify(err)
	}
	return describe(attrs), attrs.Generation, nil
}

func describe(attrs *storage.ObjectAttrs) object.Description {
	return object.Description{
		Size: attrs.Size, MD5: attrs.MD5, Created: attrs.Created.UTC(), Metadata: attrs.Metadata,
		CRC32C: attrs.CRC32C, HasCRC32C: attrs.CRC32C != 0, // 0 is also what the client makes of none
	}
}

// Ledger is the bucket that holds the claims. Safe for concurrent use.
type Ledger struct {
	store  *Store
	bucket string
}

// Ledger returns the ledger in a bucket.
func (s *Store) Ledger(bucket string) *Ledger { return &Ledger{s, bucket} }

// maxClaim bounds what is read as a claim: one names at most 10,000 streams.
const maxClaim = 4 << 20

// errNoGeneration is an answer that a claim cannot be replaced by.
var errNoGeneration = errors.New("the answer names no generation: no header x-goog-generation")

// Get implements load.Ledger.
func (l *Ledger) Get(ctx context.Context, name string) (data []byte, generation int64, err error) {
	r, err := l.store.client.Bucket(l.bucket).Object(name).NewReader(ctx)
	if err != nil {
		return nil, 0, l.fail(name, err)
	}
	defer func() { _ = r.Close() }() // by then all of it was read, or the error returned
	data, err = io.ReadAll(io.LimitReader(r, maxClaim+1))
	if err != nil {
		return nil, 0, l.fail(name, err)
	}
	if len(data) > maxClaim {
		return nil, 0, l.tooLong(name)
	}
	if r.Attrs.Generation <= 0 {
		return nil, 0, l.fail(name, errNoGeneration) // such a claim could be neither told from none nor replaced
	}
	return data, r.Attrs.Generation, nil
}

// Put implements load.Ledger. It writes nothing that Get would not read.
func (l *Ledger) Put(ctx context.Context, name string, data []byte, generation int64) error {
	if len(data) > maxClaim {
		return l.tooLong(name)
	}
	conds := storage.Conditions{GenerationMatch: generation, DoesNotExist: generation == 0}
	w := l.store.client.Bucket(l.bucket).Object(name).If(conds).NewWriter(ctx)
	w.ContentType = "application/json"
	if err := writeWhole(w, data); err != nil {
		return l.fail(name, err)
	}
	return nil
}

func (l *Ledger) tooLong(name string) error {
	return errkind.With(errkind.Permanent, fmt.Errorf("gs://%s/%s is over %d bytes long, no claim of Seneka's", l.bucket, name, maxClaim))
}

func (l *Ledger) fail(name string, err error) error {
	return classify(fmt.Errorf("gs://%s/%s: %w", l.bucket, name, err))
}

// classify gives an error of the API its kind. A write that is answered 404 has lost its bucket or
// its upload session: that is no word on the object. The error's text may quote a session, whose
// knowledge is leave to write: it is masked.
func classify(err error) error {
	err = redact.Error(err)
	var api *googleapi.Error
	switch {
	case errors.Is(err, storage.ErrObjectNotExist):
		return errkind.With(errkind.NotFound, err)
	case errors.As(err, &api) && api.Code == http.StatusPreconditionFailed:
		return errkind.With(errkind.Exists, err)
	default:
		return errkind.With(errkind.Transient, err)
	}
}
