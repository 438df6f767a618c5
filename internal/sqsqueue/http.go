package sqsqueue

import (
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// readOnly hides of a request's body that it can write itself. The body that smithy-go 1.28 makes answers
// WriteTo with io.EOF once it is closed, and it is closed as soon as the answer begins to come in. If net/http
// looks only then whether the body has more than was announced, which is when processors are scarce, it takes
// the io.EOF for a failed write and cuts the connection: the answer is lost, and the messages in it stay hidden
// for their visibility timeout.
type readOnly struct{ aws.HTTPClient }

// Do implements aws.HTTPClient.
func (c readOnly) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return c.HTTPClient.Do(r)
}

// Client returns an SQS client that reads every answer to its end.
func Client(cfg aws.Config, options ...func(*sqs.Options)) *sqs.Client {
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = awshttp.NewBuildableClient()
	}
	cfg.HTTPClient = readOnly{cfg.HTTPClient}
	return sqs.NewFromConfig(cfg, options...)
}
