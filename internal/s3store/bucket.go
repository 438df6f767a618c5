package s3store

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/seneka-io/seneka/internal/facts"
	"github.com/seneka-io/seneka/internal/object"
)

// Bucket returns where a bucket's events go.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketNotificationConfiguration.html
func (s *Store) Bucket(ctx context.Context, name string) (facts.SourceBucket, error) {
	b := facts.SourceBucket{Name: name}
	out, err := s.client.GetBucketNotificationConfiguration(ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: &name})
	if err != nil {
		return b, classify(fmt.Errorf("notifications of s3://%s: %w", name, err))
	}
	b.EventBridge = out.EventBridgeConfiguration != nil
	for _, c := range out.QueueConfigurations {
		b.Notifications = append(b.Notifications, notification(facts.ToQueue, c.QueueArn, c.Events, c.Filter))
	}
	for _, c := range out.TopicConfigurations {
		b.Notifications = append(b.Notifications, notification(facts.ToTopic, c.TopicArn, c.Events, c.Filter))
	}
	for _, c := range out.LambdaFunctionConfigurations {
		b.Notifications = append(b.Notifications, notification(facts.ToFunction, c.LambdaFunctionArn, c.Events, c.Filter))
	}
	return b, nil
}

func notification(target facts.Target, arn *string, events []types.Event, filter *types.NotificationConfigurationFilter) facts.Notification {
	n := facts.Notification{Target: target, ARN: aws.ToString(arn)}
	for _, e := range events {
		n.Events = append(n.Events, string(e))
	}
	if filter == nil || filter.Key == nil {
		return n
	}
	for _, rule := range filter.Key.FilterRules {
		// S3 itself answers "Prefix" where it was told "prefix".
		switch strings.ToLower(string(rule.Name)) {
		case "prefix":
			n.Prefix = decoded(aws.ToString(rule.Value))
		case "suffix":
			n.Suffix = decoded(aws.ToString(rule.Value))
		}
	}
	return n
}

// decoded returns a filter's value, in which special characters stand URL-encoded; one that is not
// stands for itself.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
func decoded(value string) string {
	if plain, err := url.QueryUnescape(value); err == nil {
		return plain
	}
	return value
}

// Lacks returns what the caller lacks of what the forwarder needs, on the keys with a prefix: it lists
// one, and asks for it. Without a key there, only what a listing needs can be told.
func (s *Store) Lacks(ctx context.Context, bucket, prefix string) ([]string, error) {
	out, err := s.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix, MaxKeys: aws.Int32(1)})
	if forbidden(err) {
		return []string{"s3:ListBucket"}, nil
	}
	if err != nil {
		return nil, classify(fmt.Errorf("list s3://%s/%s: %w", bucket, prefix, err))
	}
	if len(out.Contents) == 0 {
		return nil, nil
	}
	_, err = s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: out.Contents[0].Key})
	if forbidden(err) {
		return []string{"s3:GetObject (or kms:Decrypt of its key)"}, nil
	}
	if err != nil {
		return nil, classify(fmt.Errorf("ask for s3://%s/%s: %w", bucket, aws.ToString(out.Contents[0].Key), err))
	}
	return nil, nil
}

func forbidden(err error) bool {
	var resp *awshttp.ResponseError
	return errors.As(err, &resp) && resp.HTTPStatusCode() == http.StatusForbidden
}

// Probe asks for the content that e names, as Open does, and reads nothing of it.
func (s *Store) Probe(ctx context.Context, e object.Event) error {
	body, err := s.Open(ctx, e)
	if err != nil {
		return err
	}
	_ = body.Close() // its bytes were not asked for
	return nil
}
