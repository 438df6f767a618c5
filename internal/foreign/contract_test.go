package foreign

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/fsouza/fake-gcs-server/fakestorage"
	"github.com/rclone/gofakes3"
	"github.com/rclone/gofakes3/s3mem"

	"github.com/seneka-io/seneka/internal/contract"
	"github.com/seneka-io/seneka/internal/gcsstore"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/s3store"
)

// newGCS returns the adapter to a fake-gcs-server with both buckets, and what stands before it.
func newGCS(t *testing.T) (*gcsstore.Store, *cloudtest.Proxy) {
	t.Helper()
	server, err := fakestorage.NewServerWithOptions(fakestorage.Options{NoListener: true, PublicHost: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	for _, bucket := range []string{"landing", "ledger"} {
		server.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: bucket})
	}
	proxy := &cloudtest.Proxy{Next: server.HTTPHandler()}
	t.Setenv("STORAGE_EMULATOR_HOST", cloudtest.Serve(t, proxy))
	store, err := gcsstore.New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store, proxy
}

func TestLedgerContract(t *testing.T) {
	contract.TestLedger(t, func(t *testing.T) *contract.Ledger {
		store, proxy := newGCS(t)
		l := store.Ledger("ledger")
		return &contract.Ledger{Get: l.Get, Put: l.Put, Twice: func() { proxy.Disturb(falseReply(proxy)) }}
	})
}

// falseReply handles one request and says that it could not.
func falseReply(p *cloudtest.Proxy) cloudtest.Disturbance {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		p.Disturb(nil)
		next.ServeHTTP(httptest.NewRecorder(), r)
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

func TestLandingContract(t *testing.T) {
	contract.TestLanding(t, func(t *testing.T) *contract.Landing {
		store, _ := newGCS(t)
		return &contract.Landing{
			Copy: func(ctx context.Context, name string, r io.Reader, size int64, metadata map[string]string, generation int64) error {
				return store.Copy(ctx, "landing", name, r, size, metadata, generation)
			},
			Stat: func(ctx context.Context, name string) (map[string]string, int64, error) {
				return store.Stat(ctx, object.Landed{Bucket: "landing", Name: name})
			},
			Open: func(ctx context.Context, name string, generation int64) (*object.Body, error) {
				return store.Open(ctx, object.Landed{Bucket: "landing", Name: name, Generation: generation})
			},
		}
	})
}

func TestSourceContract(t *testing.T) {
	contract.TestSource(t, func(t *testing.T) *contract.Source {
		proxy := &cloudtest.Proxy{Next: gofakes3.New(s3mem.New(), gofakes3.WithLogger(gofakes3.DiscardLog())).Server()}
		cfg := cloudtest.AWS(t, cloudtest.Serve(t, proxy))
		client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
		must := func(_ any, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: new("logs")}))
		return &contract.Source{
			Open: s3store.New(cfg).Open,
			Put: func(t *testing.T, key, data string) object.Event {
				out, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: new("logs"), Key: &key, Body: bytes.NewReader([]byte(data))})
				must(out, err)
				e := object.Event{Source: object.Source{Bucket: "logs", Key: key}, Version: object.Version{ETag: strings.Trim(*out.ETag, `"`), Size: int64(len(data))}}
				if out.VersionId != nil {
					e.VersionID = *out.VersionId
				}
				return e
			},
			Delete: func(t *testing.T, key string) {
				must(client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: new("logs"), Key: &key}))
			},
			Versioned: func(t *testing.T) {
				must(client.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
					Bucket: new("logs"), VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
				}))
			},
			Cut: func() { proxy.Disturb(cloudtest.Cut(1)) },
		}
	})
}
