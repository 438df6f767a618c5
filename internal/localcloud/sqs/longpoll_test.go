package sqs

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// post sends one action straight into the handler and decodes the answer into out.
func post(ctx context.Context, t *testing.T, s *Server, action, body string, out any) int {
	t.Helper()
	req := httptest.NewRequestWithContext(ctx, "POST", "/", strings.NewReader(body))
	req.Header.Set("X-Amz-Target", "AmazonSQS."+action)
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, req)
	if err := json.Unmarshal(rec.Body.Bytes(), out); err != nil {
		t.Errorf("%s answered %q: %v", action, rec.Body, err)
	}
	return rec.Code
}

const testURL = "http://example.com/000000000000/q"

// A long poll sees a message the moment it comes, is given back, or comes out of hiding. The time
// in the bubble passes only when everybody waits, so it tells how long the poll waited.
func TestLongPollWakes(t *testing.T) {
	hide := func(seconds string) func(*testing.T, *Server, string) {
		return func(t *testing.T, s *Server, handle string) {
			var none struct{}
			post(t.Context(), t, s, "ChangeMessageVisibility", `{"QueueUrl":"`+testURL+`","ReceiptHandle":"`+handle+`","VisibilityTimeout":`+seconds+`}`, &none)
		}
	}
	tests := []struct {
		name string
		act  func(t *testing.T, s *Server, handle string)
		want time.Duration
		got  int
	}{
		{"message sent", func(t *testing.T, s *Server, _ string) {
			if err := s.Send(t.Context(), s.arn("q"), "new"); err != nil {
				t.Error(err)
			}
		}, 0, 1},
		{"message given back", hide("0"), 0, 1},

		{"visibility timeout over", hide("7"), 7 * time.Second, 1},
		{"visibility timeout over too late", hide("21"), 20 * time.Second, 0},
		{"nothing", func(*testing.T, *Server, string) {}, 20 * time.Second, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, err := New(Options{})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				if _, _, err := s.CreateQueue("q", map[string]string{"VisibilityTimeout": "43200", "ReceiveMessageWaitTimeSeconds": "20"}); err != nil {
					t.Fatal(err)
				}
				if err := s.Send(t.Context(), s.arn("q"), "held"); err != nil {
					t.Fatal(err)
				}
				var held, got receiveMessageOutput
				poll := `{"QueueUrl":"` + testURL + `","MaxNumberOfMessages":10}`
				post(t.Context(), t, s, "ReceiveMessage", poll, &held)
				begun, ended := time.Now(), make(chan time.Time)
				go func() {
					post(t.Context(), t, s, "ReceiveMessage", poll, &got)
					ended <- time.Now()
				}()
				synctest.Wait() // the poll waits
				tt.act(t, s, held.Messages[0].ReceiptHandle)
				if waited := (<-ended).Sub(begun); waited != tt.want || len(got.Messages) != tt.got {
					t.Errorf("the poll took %v for %d messages, want %v for %d", waited, len(got.Messages), tt.want, tt.got)
				}
			})
		})
	}
}

// A poll whose client is gone, or whose queue is deleted, ends at once and takes nothing.
func TestLongPollIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := New(Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if _, _, err := s.CreateQueue("q", nil); err != nil {
			t.Fatal(err)
		}
		poll := `{"QueueUrl":"` + testURL + `","WaitTimeSeconds":20}`
		begun, ended := time.Now(), make(chan int)
		run := func(ctx context.Context) {
			var out receiveMessageOutput
			ended <- post(ctx, t, s, "ReceiveMessage", poll, &out)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go run(ctx)
		synctest.Wait()
		cancel()
		if status := <-ended; status != 200 {
			t.Errorf("a poll that was given up answered %d", status)
		}
		go run(t.Context())
		synctest.Wait()
		var none struct{}
		post(t.Context(), t, s, "DeleteQueue", `{"QueueUrl":"`+testURL+`"}`, &none)
		if status := <-ended; status != 400 {
			t.Errorf("the poll of a queue that was deleted answered %d", status)
		}
		if waited := time.Since(begun); waited != 0 {
			t.Errorf("the polls held on for %v", waited)
		}
	})
}

// A message that another consumer takes for a short time wakes the poll when that time is over.
func TestLongPollWakesAfterAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := New(Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if _, _, err := s.CreateQueue("q", nil); err != nil {
			t.Fatal(err)
		}
		var first, second receiveMessageOutput
		ended := make(chan time.Time)
		for _, out := range []*receiveMessageOutput{&first, &second} {
			go func() {
				post(t.Context(), t, s, "ReceiveMessage", `{"QueueUrl":"`+testURL+`","WaitTimeSeconds":20,"VisibilityTimeout":5}`, out)
				ended <- time.Now()
			}()
		}
		synctest.Wait()
		if err := s.Send(t.Context(), s.arn("q"), "x"); err != nil {
			t.Fatal(err)
		}
		begun := <-ended
		if waited := (<-ended).Sub(begun); waited != 5*time.Second || len(first.Messages)+len(second.Messages) != 2 {
			t.Errorf("the second poll came %v after the first with %d messages in all, want 5s and 2", waited, len(first.Messages)+len(second.Messages))
		}
	})
}
