package pubsub

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const pushURL = "http://loader.local/push"

// pushBroker is an open Server whose subscription pushes to f.
func pushBroker(t *testing.T, sub Subscription, f roundTripper) *Server {
	t.Helper()
	s := open(t, Options{Dir: t.TempDir(), Transport: f})
	sub.PushEndpoint = pushURL
	create(t, s, sub)
	return s
}

// The body of https://cloud.google.com/pubsub/docs/push#receive_push, and deliveryAttempt where
// there is a dead-letter policy.
func TestPushRequest(t *testing.T) {
	for _, withPolicy := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			type request struct {
				method, url, contentType string
				body                     map[string]any
			}
			got := make(chan request, 1)
			sub := Subscription{}
			if withPolicy {
				sub.DeadLetterTopic = deadName
			}
			s := pushBroker(t, sub, func(r *http.Request) (*http.Response, error) {
				q := request{method: r.Method, url: r.URL.String(), contentType: r.Header.Get("Content-Type")}
				if err := json.NewDecoder(r.Body).Decode(&q.body); err != nil {
					t.Error(err)
				}
				got <- q
				return answer(204), nil
			})
			at := time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
			id := publish(t, s, "Hello", "key", "value")
			want := request{"POST", pushURL, "application/json", map[string]any{
				"message": map[string]any{
					"attributes": map[string]any{"key": "value"}, "data": base64.StdEncoding.EncodeToString([]byte("Hello")),
					"messageId": id, "message_id": id, "publishTime": at, "publish_time": at,
				},
				"subscription": subName,
			}}
			if withPolicy {
				want.body["deliveryAttempt"] = float64(1)
			}
			if q := <-got; !reflect.DeepEqual(q, want) {
				t.Errorf("push request\n got %v\nwant %v", q, want)
			}
		})
	}
}

// "Return one of 102, 200, 201, 202, 204 to acknowledge … any other status code is a negative
// acknowledgement": https://cloud.google.com/pubsub/docs/push#receive_push
func TestPushStatus(t *testing.T) {
	for status, acknowledges := range map[int]bool{
		102: true, 200: true, 201: true, 202: true, 204: true,
		203: false, 206: false, 302: false, 400: false, 404: false, 429: false, 500: false, 503: false,
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var pushes atomic.Int32
				s := pushBroker(t, Subscription{}, func(*http.Request) (*http.Response, error) {
					pushes.Add(1)
					return answer(status), nil
				})
				publish(t, s, "x")
				time.Sleep(time.Hour)
				if n := pushes.Load(); acknowledges && n != 1 || !acknowledges && n < 10 {
					t.Errorf("a status of %d was pushed %d times in an hour", status, n)
				}
			})
		})
	}
}

// Without a retry policy a failing endpoint gets a message after 100 ms, 200 ms … 60 s; with one,
// as the policy says.
func TestPushBackoff(t *testing.T) {
	tests := []struct {
		sub  Subscription
		want []time.Duration
	}{
		{Subscription{}, []time.Duration{0, 100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond}},
		{Subscription{MinBackoff: 10 * time.Second, MaxBackoff: 30 * time.Second}, []time.Duration{0, 10 * time.Second, 20 * time.Second, 30 * time.Second, 30 * time.Second}},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			last := time.Now()
			pauses := make(chan time.Duration, 100)
			s := pushBroker(t, tt.sub, func(*http.Request) (*http.Response, error) {
				pauses <- time.Since(last)
				last = time.Now()
				return nil, errors.New("connection refused")
			})
			publish(t, s, "x")
			for i, want := range tt.want {
				if got := <-pauses; got != want {
					t.Errorf("pause before attempt %d is %v, want %v", i+1, got, want)
				}
			}
		})
	}
}

// "For push delivery, this value is also used to set the request timeout" (proto,
// ack_deadline_seconds).
func TestPushTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var attempts []time.Time
		done := make(chan struct{})
		s := pushBroker(t, Subscription{AckDeadline: 30 * time.Second}, func(r *http.Request) (*http.Response, error) {
			attempts = append(attempts, time.Now())
			if len(attempts) == 2 {
				close(done)
				return answer(200), nil
			}
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		publish(t, s, "x")
		<-done
		if d := attempts[1].Sub(attempts[0]); d != 30*time.Second+minPushBackoff {
			t.Errorf("second attempt after %v, want the ack deadline and the back-off", d)
		}
	})
}

func TestPushDeadLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var attempts []any
		s := pushBroker(t, Subscription{DeadLetterTopic: deadName}, func(r *http.Request) (*http.Response, error) {
			var body map[string]any
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
				t.Error(err)
			}
			attempts = append(attempts, body["deliveryAttempt"])
			return answer(500), nil
		})
		publish(t, s, "poison")
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := fmt.Sprint(attempts); got != "[1 2 3 4 5]" {
			t.Errorf("delivery attempts %s, want 1 to 5", got)
		}
		pullOne(t, s, deadSub)
	})
}

func TestPushInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		release := make(chan struct{})
		f := roundTripper(func(*http.Request) (*http.Response, error) {
			most.Store(max(most.Load(), now.Add(1)))
			<-release
			now.Add(-1)
			return answer(200), nil
		})
		s := open(t, Options{Dir: t.TempDir(), Transport: f, PushInFlight: 3})
		create(t, s, Subscription{PushEndpoint: pushURL})
		for range 10 {
			publish(t, s, "x")
		}
		synctest.Wait()
		if n := now.Load(); n != 3 {
			t.Errorf("%d pushes under way, want 3", n)
		}
		close(release)
		synctest.Wait()
		if n := most.Load(); n != 3 {
			t.Errorf("%d pushes at once, want 3", n)
		}
	})
}

// The loader is started again on another port: what it had not acknowledged goes there.
func TestPushEndpointMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var moved atomic.Int32
		s := pushBroker(t, Subscription{}, func(r *http.Request) (*http.Response, error) {
			if r.URL.Host == "new.local" {
				moved.Add(1)
				return answer(200), nil
			}
			return nil, errors.New("connection refused")
		})
		publish(t, s, "x")
		publish(t, s, "y")
		time.Sleep(time.Second)
		if err := s.CreateSubscription(Subscription{Name: subName, Topic: topicName, PushEndpoint: "http://new.local/"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if n := moved.Load(); n != 2 {
			t.Errorf("%d messages went to the new endpoint, want 2", n)
		}
	})
}

// "This method is not supported for this subscription type"; with an empty push config "the Pub/Sub
// system should stop pushing messages and allow messages to be pulled" (proto, ModifyPushConfig).
func TestPushToPullAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pushes atomic.Int32
		s := pushBroker(t, Subscription{}, func(*http.Request) (*http.Response, error) {
			pushes.Add(1)
			return answer(500), nil
		})
		b := subscriber{s: s}
		if _, err := b.Pull(t.Context(), &pb.PullRequest{Subscription: subName, MaxMessages: 1}); status.Code(err) != codes.FailedPrecondition {
			t.Errorf("Pull of a push subscription: %v, want FailedPrecondition", err)
		}
		if _, err := b.ModifyPushConfig(t.Context(), &pb.ModifyPushConfigRequest{Subscription: subName, PushConfig: &pb.PushConfig{}}); err != nil {
			t.Fatal(err)
		}
		publish(t, s, "x")
		time.Sleep(time.Minute)
		if n := pushes.Load(); n != 0 {
			t.Errorf("%d pushes without an endpoint", n)
		}
		modify(t, s, 0, pullOne(t, s, subName).AckId)
		if _, err := b.ModifyPushConfig(t.Context(), &pb.ModifyPushConfigRequest{Subscription: subName, PushConfig: endpoint(pushURL)}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if n := pushes.Load(); n != 1 {
			t.Errorf("%d pushes to the endpoint, want 1", n)
		}
	})
}

// The token of a local push is unsigned: whoever checks it must refuse it.
func TestPushToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		auth := make(chan string, 1)
		s := pushBroker(t, Subscription{}, func(r *http.Request) (*http.Response, error) {
			auth <- r.Header.Get("Authorization")
			return answer(200), nil
		})
		publish(t, s, "x")
		if got := <-auth; got != "" {
			t.Errorf("Authorization %q without oidcToken", got)
		}
		cfg := endpoint(pushURL)
		cfg.AuthenticationMethod = &pb.PushConfig_OidcToken_{OidcToken: &pb.PushConfig_OidcToken{ServiceAccountEmail: "push@local.iam.gserviceaccount.com"}}
		if _, err := (subscriber{s: s}).ModifyPushConfig(t.Context(), &pb.ModifyPushConfigRequest{Subscription: subName, PushConfig: cfg}); err != nil {
			t.Fatal(err)
		}
		publish(t, s, "x")
		token, _ := strings.CutPrefix(<-auth, "Bearer ")
		parts := strings.Split(token, ".")
		if len(parts) != 3 || parts[2] != "" {
			t.Fatalf("token %q is not an unsigned one", token)
		}
		head, _ := base64.RawURLEncoding.DecodeString(parts[0])
		body, _ := base64.RawURLEncoding.DecodeString(parts[1])
		var claims map[string]any
		if err := json.Unmarshal(body, &claims); err != nil {
			t.Fatal(err)
		}
		if string(head) != `{"alg":"none","typ":"JWT"}` || claims["aud"] != pushURL || claims["email"] != "push@local.iam.gserviceaccount.com" {
			t.Errorf("token head %s, claims %s", head, body)
		}
	})
}

// Close aborts pushes; the next Server makes them again, as the same attempt.
func TestPushAbortedByClose(t *testing.T) {
	dir := t.TempDir()
	arrived := make(chan struct{}, 1)
	s, err := New(Options{Dir: dir, Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		arrived <- struct{}{}
		<-r.Context().Done()
		return nil, r.Context().Err()
	})})
	if err != nil {
		t.Fatal(err)
	}
	create(t, s, Subscription{PushEndpoint: pushURL, DeadLetterTopic: deadName})
	publish(t, s, "x")
	within(t, arrived)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	attempts := make(chan any, 1)
	open(t, Options{Dir: dir, Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		attempts <- body["deliveryAttempt"]
		return answer(200), nil
	})})
	if got := within(t, attempts); got != float64(1) {
		t.Errorf("attempt %v after the restart, want 1", got)
	}
}

// Over a real connection: an endpoint that is not there yet, comes up, and takes everything.
func TestPushOverHTTP(t *testing.T) {
	got := make(chan string, 100)
	h := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got <- string(b)
	}))
	defer h.Close()
	s := open(t, Options{Dir: t.TempDir()})
	create(t, s, Subscription{PushEndpoint: "http://" + h.Listener.Addr().String() + "/"})
	want := map[string]bool{}
	for range 50 {
		want[publish(t, s, "x")] = true
	}
	h.Start()
	for len(want) > 0 {
		var b pushBody
		if err := json.Unmarshal([]byte(within(t, got)), &b); err != nil {
			t.Fatal(err)
		}
		delete(want, b.Message.MessageID)
	}
}

func BenchmarkPublishToPush(b *testing.B) {
	done := make(chan struct{}, 1000)
	s, err := New(Options{Dir: b.TempDir(), Transport: roundTripper(func(*http.Request) (*http.Response, error) {
		done <- struct{}{}
		return answer(200), nil
	})})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if err := errors.Join(s.CreateTopic(topicName), s.CreateSubscription(Subscription{Name: subName, Topic: topicName, PushEndpoint: pushURL})); err != nil {
		b.Fatal(err)
	}
	data := make([]byte, 1500)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Publish(b.Context(), topicName, data, nil); err != nil {
			b.Fatal(err)
		}
		<-done
	}
}
