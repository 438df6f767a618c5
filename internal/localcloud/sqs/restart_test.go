package sqs

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
)

func TestStateSurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	b, dead := newRedriven(t, Options{Dir: dir})
	clock := b.clock
	b.send("poison")
	b.exhaust()
	b.send("deleted")
	b.send("held")
	held := b.receive(b.url, 43200)
	wantError(t, b.remove(held[0].ReceiptHandle), "")
	b.send("waiting")
	_, err := b.client.SendMessage(t.Context(), &sdk.SendMessageInput{QueueUrl: &b.url, MessageBody: new("delayed"), DelaySeconds: 60})
	wantError(t, err, "")
	purged := b.create("purged", nil)
	_, err = b.client.SendMessage(t.Context(), &sdk.SendMessageInput{QueueUrl: &purged, MessageBody: new("x")})
	wantError(t, err, "")
	_, err = b.client.PurgeQueue(t.Context(), &sdk.PurgeQueueInput{QueueUrl: &purged})
	wantError(t, err, "")
	dropped := b.create("dropped", nil)
	_, err = b.client.DeleteQueue(t.Context(), &sdk.DeleteQueueInput{QueueUrl: &dropped})
	wantError(t, err, "")
	_, err = b.client.SetQueueAttributes(t.Context(), &sdk.SetQueueAttributesInput{QueueUrl: &purged, Attributes: map[string]string{"DelaySeconds": "9"}})
	wantError(t, err, "")
	before := b.attributes(purged)

	for range 2 { // the second time from the compacted journal
		if err := b.server.Close(); err != nil {
			t.Fatal(err)
		}
		b = serve(t, Options{Dir: dir, Now: clock.Now})
		b.clock, b.url = clock, testURL
	}
	if after := b.attributes(purged); !maps.Equal(before, after) {
		t.Errorf("attributes before %v, after %v", before, after)
	}
	_, err = b.client.GetQueueUrl(t.Context(), &sdk.GetQueueUrlInput{QueueName: new("dropped")})
	wantError(t, err, "AWS.SimpleQueueService.NonExistentQueue")
	letter := b.one(dead, 5)
	if *letter.Body != "poison" || letter.Attributes["ApproximateReceiveCount"] != "3" || letter.Attributes["DeadLetterQueueSourceArn"] == "" {
		t.Errorf("dead letter %q %v", *letter.Body, letter.Attributes)
	}
	b.counts(b.url, "2", "1", "0") // "held" is visible again: at least once
	wantError(t, b.remove(held[1].ReceiptHandle), "")
	if m := b.one(b.url, 30); *m.Body != "waiting" {
		t.Errorf("received %q", *m.Body)
	}
	clock.advance(time.Minute)
	b.receive(b.url, 30)
}

// A handle of before the restart does not delete what somebody received after it.
func TestHandleOfBeforeTheRestart(t *testing.T) {
	dir := t.TempDir()
	b := serve(t, Options{Dir: dir})
	b.url = b.create("q", nil)
	b.send("x")
	old := b.one(b.url, 30)
	if err := b.server.Close(); err != nil {
		t.Fatal(err)
	}
	b = serve(t, Options{Dir: dir})
	b.url = testURL
	b.one(b.url, 30)
	wantError(t, b.remove(old.ReceiptHandle), "")
	b.counts(b.url, "0", "0", "1")
}

func TestUnreadableState(t *testing.T) {
	dir := t.TempDir()
	if _, err := New(Options{Dir: filepath.Join(os.DevNull, "x")}); err == nil {
		t.Error("New on a directory that cannot be made succeeded")
	}
	if err := os.MkdirAll(filepath.Join(dir, "sqs.journal"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{Dir: dir}); err == nil {
		t.Error("New on a journal that is a directory succeeded")
	}
}

// killDir makes this test binary a sender: it sends numbered messages for ever and prints each
// number once it is acknowledged.
const killDir = "SQS_TEST_KILL_DIR"

// TestKill9 kills a server while it takes messages. Each one it acknowledged must be there.
func TestKill9(t *testing.T) {
	if dir := os.Getenv(killDir); dir != "" {
		sendForEver(t, dir)
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKill9$")
	cmd.Env = append(os.Environ(), killDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var acknowledged []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if body, ok := strings.CutPrefix(lines.Text(), "sent "); ok {
			acknowledged = append(acknowledged, body)
		}
		if len(acknowledged) == 200 {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the sender ended by itself")
	}
	s, err := New(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var have []string
	for _, m := range s.queues["q"].messages {
		have = append(have, m.Body)
	}
	for _, body := range acknowledged {
		if !slices.Contains(have, body) {
			t.Errorf("message %s was acknowledged and lost", body)
		}
	}
	if len(acknowledged) < 200 {
		t.Errorf("only %d messages were acknowledged before the kill", len(acknowledged))
	}
}

func sendForEver(t *testing.T, dir string) {
	s, err := New(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	_, arn, err := s.CreateQueue("q", nil)
	if err != nil {
		t.Fatal(err)
	}
	for worker := range 8 {
		go func() {
			for i := 0; ; i++ {
				body := fmt.Sprintf("%d-%d", worker, i)
				if err := s.Send(context.Background(), arn, body); err != nil {
					panic(err)
				}
				fmt.Println("sent " + body)
			}
		}()
	}
	select {}
}
