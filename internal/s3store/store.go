// Package s3store is the adapter to Amazon S3.
package s3store

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/object"
)

// Store reads S3. Safe for concurrent use.
type Store struct{ client *s3.Client }

// New returns a Store with the configuration's credentials and region. A base endpoint, as
// AWS_ENDPOINT_URL_S3 sets it, leads to a stand-in, which is spoken to in path style.
func New(cfg aws.Config) *Store {
	return &Store{s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle = o.BaseEndpoint != nil
		o.DisableLogOutputChecksumValidationSkipped = true // most objects have no checksum that could be validated
	})}
}

// Open reads the content that e names: that versionId, else the one with that ETag.
// errkind.NotFound if it is gone, errkind.Exists if another has come in its place.
func (s *Store) Open(ctx context.Context, e object.Event) (*object.Body, error) {
	in := &s3.GetObjectInput{Bucket: &e.Bucket, Key: &e.Key}
	switch {
	case e.VersionID != "":
		in.VersionId = &e.VersionID
	case e.ETag != "":
		in.IfMatch = aws.String(`"` + e.ETag + `"`)
	}
	out, err := s.client.GetObject(ctx, in)
	if err != nil {
		return nil, classify(err)
	}
	if in.IfMatch != nil && out.ETag != nil && strings.Trim(*out.ETag, `"`) != e.ETag {
		// Not every server that speaks S3's protocol heeds If-Match.
		return nil, errors.Join(errkind.With(errkind.Exists, fmt.Errorf("s3://%s/%s has ETag %s, not %q", e.Bucket, e.Key, *out.ETag, e.ETag)), out.Body.Close())
	}
	return &object.Body{ReadCloser: out.Body, Size: aws.ToInt64(out.ContentLength), Metadata: out.Metadata}, nil
}

// classify gives an error of the API its kind.
func classify(err error) error {
	var resp *awshttp.ResponseError
	var api smithy.APIError
	switch {
	case !errors.As(err, &resp):
		return errkind.With(errkind.Transient, err)
	case errors.As(err, &api) && api.ErrorCode() == "NoSuchBucket":
		return errkind.With(errkind.Transient, err) // more likely a wrong region or account than a file that is gone
	case resp.HTTPStatusCode() == http.StatusNotFound:
		return errkind.With(errkind.NotFound, err)
	case resp.HTTPStatusCode() == http.StatusPreconditionFailed:
		return errkind.With(errkind.Exists, err)
	default:
		return errkind.With(errkind.Transient, err)
	}
}
