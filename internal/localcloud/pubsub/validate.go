package pubsub

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
)

// Limits of publishing.
// https://cloud.google.com/pubsub/quotas#resource_limits
const (
	maxMessages   = 1000 // of one request
	maxAttributes = 100
	maxKey        = 256
	maxValue      = 1024

	// MaxRequestSize is the size of the largest publish request, in bytes.
	MaxRequestSize = 10 << 20
)

// deletedTopic is the topic of a subscription whose topic is gone (proto).
const deletedTopic = "_deleted_topic_"

func notFound(name string) error {
	return status.Errorf(codes.NotFound, "Resource not found (resource=%s).", name)
}

func invalid(format string, args ...any) error {
	return status.Errorf(codes.InvalidArgument, format, args...)
}

func errClosed() error {
	return status.Error(codes.Unavailable, "The local Pub/Sub is shutting down.")
}

// resourceName is the rule of the proto: "It must start with a letter, and contain only letters, numbers,
// dashes, periods, underscores, tildes, plus or percent signs. It must be between 3 and 255
// characters in length, and it must not start with goog."
var resourceName = regexp.MustCompile(`^projects/[^/]+/(topics|subscriptions)/([A-Za-z][A-Za-z0-9\-._~+%]{2,254})$`)

func checkName(kind, name string) error {
	m := resourceName.FindStringSubmatch(name)
	if m == nil || m[1] != kind || strings.HasPrefix(m[2], "goog") {
		return invalid("Invalid [%s] name: (name=%s)", kind, name)
	}
	return nil
}

// checkMessage applies "must contain either a non-empty data field or at least one attribute" (proto)
// and the limits.
func checkMessage(m *pb.PubsubMessage) error {
	if len(m.Data) == 0 && len(m.Attributes) == 0 {
		return invalid("The message must contain either a non-empty data field or at least one attribute.")
	}
	if len(m.Attributes) > maxAttributes {
		return invalid("A message has at most %d attributes, this one has %d.", maxAttributes, len(m.Attributes))
	}
	for k, v := range m.Attributes {
		if k == "" || len(k) > maxKey || len(v) > maxValue {
			return invalid("The attribute %q is empty, or longer than %d bytes, or its value is longer than %d bytes.", k, maxKey, maxValue)
		}
	}
	return nil
}

// complete checks cfg and fills in the defaults of the proto. It changes cfg.
func complete(cfg *pb.Subscription) error {
	if err := supported(cfg); err != nil {
		return err
	}
	if cfg.AckDeadlineSeconds == 0 {
		cfg.AckDeadlineSeconds = 10
	}
	if cfg.AckDeadlineSeconds < 10 || cfg.AckDeadlineSeconds > 600 {
		return invalid("Invalid ack deadline given: %d; it must be between 10 and 600 seconds.", cfg.AckDeadlineSeconds)
	}
	if cfg.MessageRetentionDuration == nil {
		cfg.MessageRetentionDuration = durationpb.New(7 * 24 * time.Hour)
	}
	if d := cfg.MessageRetentionDuration.AsDuration(); d < 10*time.Minute || d > 31*24*time.Hour {
		return invalid("Invalid message retention duration: %v; it must be between 10 minutes and 31 days.", d)
	}
	if cfg.ExpirationPolicy == nil { // "a default policy with ttl of 31 days will be used"; one without a ttl never expires
		cfg.ExpirationPolicy = &pb.ExpirationPolicy{Ttl: durationpb.New(31 * 24 * time.Hour)}
	}
	if ttl := cfg.ExpirationPolicy.Ttl; ttl != nil && ttl.AsDuration() < 24*time.Hour {
		return invalid("Invalid expiration policy ttl: %v; the minimum is 1 day.", ttl.AsDuration())
	}
	if cfg.PushConfig == nil {
		cfg.PushConfig = &pb.PushConfig{}
	}
	if err := checkEndpoint(cfg.PushConfig.PushEndpoint); err != nil {
		return err
	}
	if err := completeRetry(cfg.RetryPolicy); err != nil {
		return err
	}
	if p := cfg.DeadLetterPolicy; p != nil {
		if p.MaxDeliveryAttempts == 0 {
			p.MaxDeliveryAttempts = 5
		}
		if p.MaxDeliveryAttempts < 5 || p.MaxDeliveryAttempts > 100 {
			return invalid("Invalid max delivery attempts: %d; it must be between 5 and 100.", p.MaxDeliveryAttempts)
		}
		return checkName("topics", p.DeadLetterTopic)
	}
	return nil
}

// completeRetry applies "value should be between 0 and 600 seconds. Defaults to 10 seconds"
// of the minimum, 600 seconds of the maximum.
func completeRetry(p *pb.RetryPolicy) error {
	if p == nil {
		return nil
	}
	if p.MinimumBackoff == nil {
		p.MinimumBackoff = durationpb.New(10 * time.Second)
	}
	if p.MaximumBackoff == nil {
		p.MaximumBackoff = durationpb.New(600 * time.Second)
	}
	low, high := p.MinimumBackoff.AsDuration(), p.MaximumBackoff.AsDuration()
	if low < 0 || high < low || high > 600*time.Second {
		return invalid("Invalid retry policy: backoff from %v to %v; both must be between 0 and 600 seconds.", low, high)
	}
	return nil
}

// checkEndpoint takes plain http too: the local cloud has no certificates.
func checkEndpoint(endpoint string) error {
	if endpoint == "" {
		return nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return invalid("Invalid push endpoint given: %q.", endpoint)
	}
	return nil
}

// supported refuses what the stand-in does not do.
func supported(cfg *pb.Subscription) error {
	for name, set := range map[string]bool{
		"filter": cfg.Filter != "", "enable_message_ordering": cfg.EnableMessageOrdering,
		"enable_exactly_once_delivery": cfg.EnableExactlyOnceDelivery, "retain_acked_messages": cfg.RetainAckedMessages,
		"bigquery_config": cfg.BigqueryConfig != nil, "cloud_storage_config": cfg.CloudStorageConfig != nil,
		"bigtable_config": cfg.BigtableConfig != nil, "message_transforms": len(cfg.MessageTransforms) > 0,
		"push_config.no_wrapper": cfg.GetPushConfig().GetNoWrapper() != nil,
	} {
		if set {
			return status.Errorf(codes.Unimplemented, "%s is not supported by the local Pub/Sub.", name)
		}
	}
	return nil
}

// apply copies the fields that mask names from one message to another of the same type.
func apply(to, from proto.Message, mask *fieldmaskpb.FieldMask, allowed ...string) error {
	dst, src := to.ProtoReflect(), from.ProtoReflect()
	if len(mask.GetPaths()) == 0 {
		return invalid("The update_mask in the request must be set, and must contain a valid path.")
	}
	for _, path := range mask.Paths {
		f := dst.Descriptor().Fields().ByTextName(path)
		if f == nil || !slices.Contains(allowed, path) {
			return invalid("Invalid update_mask: %s cannot be changed.", path)
		}
		if src.Has(f) {
			dst.Set(f, src.Get(f))
		} else {
			dst.Clear(f)
		}
	}
	return nil
}
