package sqsqueue

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// held is a connection whose writes of a body return only once the answer has begun to come in.
type held struct {
	net.Conn
	begun <-chan struct{}
}

func (c held) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if strings.HasPrefix(string(p), "{") { // the body
		<-c.begun
	}
	return n, err
}

// onRead is a client that tells when an answer's body is read, which the SDK does once it has closed the request's.
type onRead struct {
	aws.HTTPClient
	tell func()
}

func (c onRead) Do(r *http.Request) (*http.Response, error) {
	resp, err := c.HTTPClient.Do(r)
	if err == nil {
		resp.Body = told{resp.Body, c.tell}
	}
	return resp, err
}

type told struct {
	io.ReadCloser
	tell func()
}

func (b told) Read(p []byte) (int, error) {
	b.tell()
	return b.ReadCloser.Read(p)
}

// An answer that comes in before the request's body is done with is read to its end.
func TestEarlyAnswer(t *testing.T) {
	begun, rest := make(chan struct{}), make(chan struct{})
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests++
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = w.Write([]byte(`{"Messages":[{"MessageId":"1",`)) // a client that is gone is seen below
		_ = http.NewResponseController(w).Flush()
		if requests == 1 {
			<-rest
		}
		_, _ = w.Write([]byte(`"ReceiptHandle":"r"}]}`))
	}))
	t.Cleanup(server.Close)
	client := awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
		tr.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, address)
			return held{c, begun}, err
		}
	})
	cfg := aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
	}
	cfg.HTTPClient = onRead{client, sync.OnceFunc(func() {
		close(begun)
		time.AfterFunc(50*time.Millisecond, func() { close(rest) }) // the end of the write has its moment
	})}
	q := New(cfg, server.URL+"/000000000000/q")
	out, err := q.client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &q.url})
	if err != nil || len(out.Messages) != 1 || requests != 1 {
		t.Errorf("%v, %v after %d requests", out, err, requests)
	}
}
