package pubsub

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
)

func TestStateSurvivesRestart(t *testing.T) {
	dir := t.TempDir()
	s, err := New(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	create(t, s, Subscription{DeadLetterTopic: deadName, MinBackoff: 10 * time.Second, MaxBackoff: time.Minute})
	acked, leased, nacked := publish(t, s, "acked"), publish(t, s, "leased"), publish(t, s, "nacked", "k", "v")
	byID := map[string]*pb.ReceivedMessage{}
	for _, m := range pull(t, s, subName) {
		byID[m.Message.MessageId] = m
	}
	ack(t, s, subName, byID[acked].AckId)
	modify(t, s, 0, byID[nacked].AckId)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = open(t, Options{Dir: dir})
	late := publish(t, s, "late")
	got := map[string]int32{}
	for _, m := range pull(t, s, subName) {
		got[m.Message.MessageId] = m.DeliveryAttempt
	}
	if want := map[string]int32{leased: 1, nacked: 2, late: 1}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("after the restart: id -> attempt %v, want %v", got, want)
	}
	if n, _ := strconv.Atoi(late); n <= max(atoi(t, acked), atoi(t, leased), atoi(t, nacked)) {
		t.Errorf("id %s is used again after the restart", late)
	}
	modify(t, s, 600, byID[leased].AckId) // a lease of the former process: over
	cfg, err := subscriber{s: s}.GetSubscription(t.Context(), &pb.GetSubscriptionRequest{Subscription: subName})
	if err != nil || cfg.DeadLetterPolicy.DeadLetterTopic != deadName || cfg.RetryPolicy.MaximumBackoff.AsDuration() != time.Minute {
		t.Errorf("settings after the restart: %v, %v", cfg, err)
	}
}

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestSecondServerOnTheSameFolder(t *testing.T) {
	dir := t.TempDir()
	open(t, Options{Dir: dir})
	if s, err := New(Options{Dir: dir}); err == nil {
		s.Close()
		t.Fatal("two servers share a folder")
	} else if !strings.Contains(err.Error(), "in use") {
		t.Errorf("error %q does not say that the folder is in use", err)
	}
}

const helperEnv = "SENEKA_PUBSUB_TEST_DIR"

// helper is the process that TestKill kills: it publishes for ever, and prints each id once Publish
// has returned it; now and then it acknowledges one, and prints that before and after.
func helper() {
	dir := os.Getenv(helperEnv)
	if dir == "" {
		return
	}
	s, err := New(Options{Dir: dir})
	if err != nil {
		panic(err)
	}
	for i := 0; ; i++ {
		id, err := s.Publish(context.Background(), topicName, []byte("x"), nil)
		if err != nil {
			panic(err)
		}
		fmt.Println("published", id)
		if i%10 != 0 {
			continue
		}
		out, err := subscriber{s: s}.Pull(context.Background(), &pb.PullRequest{Subscription: subName, MaxMessages: 1})
		if err != nil {
			panic(err)
		}
		m := out.ReceivedMessages[0]
		fmt.Println("acking", m.Message.MessageId)
		if _, err := (subscriber{s: s}).Acknowledge(context.Background(), &pb.AcknowledgeRequest{Subscription: subName, AckIds: []string{m.AckId}}); err != nil {
			panic(err)
		}
		fmt.Println("acked", m.Message.MessageId)
	}
}

// TestKill kills a publishing process at a random moment. Every message that it was told is
// published, and has not acknowledged, is there; every one acknowledged is not.
func TestKill(t *testing.T) {
	for round := range 3 {
		dir := t.TempDir()
		s, err := New(Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		create(t, s, Subscription{})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		said := runAndKill(t, dir, 300+137*round)
		s = open(t, Options{Dir: dir})
		waiting := map[string]bool{}
		for ms := pull(t, s, subName); len(ms) > 0; ms = pull(t, s, subName) {
			for _, m := range ms {
				waiting[m.Message.MessageId] = true
			}
		}
		for _, id := range said["published"] {
			if !waiting[id] && !slices.Contains(said["acking"], id) {
				t.Errorf("message %s was published and is lost", id)
			}
		}
		for _, id := range said["acked"] {
			if waiting[id] {
				t.Errorf("message %s was acknowledged and comes back", id)
			}
		}
	}
}

// runAndKill runs helper until it has printed n lines, kills it, and returns what it said of which
// messages.
func runAndKill(t *testing.T, dir string, n int) map[string][]string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helperEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := map[string][]string{}
	lines := bufio.NewScanner(out)
	for i := 0; lines.Scan(); i++ {
		what, id, _ := strings.Cut(lines.Text(), " ")
		said[what] = append(said[what], id)
		if i == n {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || len(said["published"]) < n/2 {
		t.Fatalf("the process ended by itself after %d messages: %v", len(said["published"]), err)
	}
	return said
}
