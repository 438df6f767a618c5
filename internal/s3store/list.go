package s3store

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/seneka-io/seneka/internal/object"
)

// List returns the first keys, a thousand at most, that begin with prefix and come behind the key
// after, in the order of their bytes; more tells whether others follow. Unless deep, keys that have
// a slash behind the prefix come as the folder that they share. An object's Time is its
// LastModified; a listing knows neither versionIds nor sequencers.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
func (s *Store) List(ctx context.Context, bucket, prefix, after string, deep bool) (objects []object.Event, folders []string, more bool, err error) {
	// XML cannot carry every character of a key: the names come encoded.
	in := &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix, EncodingType: types.EncodingTypeUrl}
	if after != "" {
		in.StartAfter = &after
	}
	if !deep {
		in.Delimiter = aws.String("/")
	}
	out, err := s.client.ListObjectsV2(ctx, in)
	if err != nil {
		return nil, nil, false, classify(err)
	}
	for _, o := range out.Contents {
		key, err := url.QueryUnescape(aws.ToString(o.Key))
		if err != nil {
			return nil, nil, false, fmt.Errorf("key in the listing of s3://%s/%s: %w", bucket, prefix, err)
		}
		objects = append(objects, object.Event{
			Source:  object.Source{Bucket: bucket, Key: key},
			Version: object.Version{ETag: strings.Trim(aws.ToString(o.ETag), `"`), Size: aws.ToInt64(o.Size)},
			Time:    aws.ToTime(o.LastModified).UTC(),
		})
	}
	for _, p := range out.CommonPrefixes {
		folder, err := url.QueryUnescape(aws.ToString(p.Prefix))
		if err != nil {
			return nil, nil, false, fmt.Errorf("folder in the listing of s3://%s/%s: %w", bucket, prefix, err)
		}
		folders = append(folders, folder)
	}
	return objects, folders, aws.ToBool(out.IsTruncated), nil
}
