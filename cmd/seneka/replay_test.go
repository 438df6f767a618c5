package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
	"github.com/seneka-io/seneka/internal/localcloud/readyfile"
)

// replay runs seneka replay --json and returns the lines that it printed, by their type.
func (p *pipeline) replay(t *testing.T, code int, args ...string) map[string][]map[string]any {
	t.Helper()
	cmd := exec.Command("seneka", append([]string{"replay", "--json"}, args...)...)
	cmd.Env = []string{"HOME=" + t.TempDir()}
	for k, v := range p.ready.Environment() {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, _ := cmd.Output() // the exit code is looked at
	if got := cmd.ProcessState.ExitCode(); got != code {
		t.Fatalf("replay %q: exit code %d, want %d: %s%s", args, got, code, out, &stderr)
	}
	lines := map[string][]map[string]any{}
	dec := json.NewDecoder(bytes.NewReader(out))
	for dec.More() {
		var line map[string]any
		if err := dec.Decode(&line); err != nil {
			t.Fatalf("replay %q printed %s: %v", args, out, err)
		}
		kind := line["type"].(string)
		lines[kind] = append(lines[kind], line)
	}
	if len(lines["end"]) > 1 {
		t.Errorf("replay %q ended twice: %s", args, out)
	}
	return lines
}

// bury moves what waits in the queue to the dead-letter queue, each message twice.
func (p *pipeline) bury(t *testing.T) (letters int) {
	t.Helper()
	dead := p.ready.QueueURL + "-dead-letter"
	for {
		out, err := p.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &p.ready.QueueURL, MaxNumberOfMessages: 10, WaitTimeSeconds: 1})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Messages) == 0 {
			return letters
		}
		for _, m := range out.Messages {
			for range 2 {
				if _, err := p.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &dead, MessageBody: m.Body}); err != nil {
					t.Fatal(err)
				}
				letters++
			}
			if _, err := p.sqs.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &p.ready.QueueURL, ReceiptHandle: m.ReceiptHandle}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// buryNotice makes a dead letter of the loader's, about an object of the landing bucket.
func (p *pipeline) buryNotice(t *testing.T, name string) {
	t.Helper()
	object, err := p.gcs(t).Bucket("seneka-landing").Object(name).Attrs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	attributes := notice(object.Generation, name)
	maps.Copy(attributes, map[string]string{"CloudPubSubDeadLetterSourceDeliveryCount": "5", "CloudPubSubDeadLetterSourceSubscription": "seneka-loader"})
	_, err = p.pubsub.TopicAdminClient.Publish(t.Context(), &pubsubpb.PublishRequest{Topic: "projects/local/topics/seneka-dead-letter", Messages: []*pubsubpb.PubsubMessage{{Attributes: attributes}}})
	if err != nil {
		t.Fatal(err)
	}
}

func notice(generation int64, name string) map[string]string {
	number, _ := json.Marshal(generation)
	return map[string]string{"eventType": "OBJECT_FINALIZE", "bucketId": "seneka-landing", "objectId": name, "objectGeneration": string(number), "payloadFormat": "NONE"}
}

// Dead letters of both kinds are brought back, however often, and every line is there once. A file that
// was rejected is loaded once its cause is mended.
func TestReplay(t *testing.T) {
	rng := newRand(t)
	p := startPipeline(t, freePorts()...)
	files := history(t, rng, "AWSLogs", 12)
	p.putFiles(t, files)
	letters := p.bury(t)
	if looked := p.replay(t, exitOK, "--dlq", "--dry-run"); len(looked["letter"]) != letters || letters != 2*len(files)+2 { // and S3's test event
		t.Errorf("a look finds %d of %d letters", len(looked["letter"]), letters)
	}
	if refused := p.replay(t, exitFailed, "--dlq"); len(refused["letter"]) != letters {
		t.Errorf("without --yes it finds %d of %d letters", len(refused["letter"]), letters)
	}
	if end := p.replay(t, exitOK, "--dlq", "--yes", "--max", "10")["end"]; len(end) != 1 || end[0]["sent"] != 10.0 {
		t.Errorf("the first ten: %v", end)
	}
	if end := p.replay(t, exitOK, "--dlq", "--yes")["end"][0]; end["sent"] != float64(letters-10) {
		t.Errorf("the others: %v", end)
	}
	p.startLoader(t)
	p.awaitLoader(t)
	p.startForwarder(t)
	p.awaitOutcome(t, len(files))
	p.awaitEmpty(t)
	p.checkRows(t, files)

	for _, f := range files[:3] {
		p.buryNotice(t, p.ready.S3Bucket+"/"+f.key)
	}
	found := p.replay(t, exitOK, "--dlq", "--yes")
	if len(found["letter"]) != 3 || found["end"][0]["sent"] != 3.0 || found["letter"][0]["deliveries"] != 5.0 || !strings.Contains(found["letter"][0]["cause"].([]any)[0].(string), ": loaded") && !strings.Contains(found["letter"][0]["cause"].([]any)[0].(string), ": duplicate") {
		t.Errorf("the loader's letters: %v", found)
	}

	// Half of its lines are bad.
	broken := history(t, rng, "bad", 1)[0]
	broken.data = append(broken.data, []byte(strings.Repeat("no log of a load balancer\n", len(broken.lines)))...)
	p.put(t, broken.key, broken.data)
	rejected := func() map[string][]map[string]any { return p.replay(t, exitOK, "--rejected", "--dry-run") }
	await(t, "the rejection", func() (bool, string) { return len(rejected()["file"]) == 1, "" })
	if failed := p.replay(t, exitInvalid, "--rejected", "--yes")["failed"]; len(failed) != 1 || failed[0]["file"] != p.file(broken.key) || !strings.Contains(failed[0]["reason"].(string), "max_reject_ratio") {
		t.Errorf("nothing is mended: %v", failed)
	}
	config, err := os.ReadFile(p.ready.Config)
	if err != nil {
		t.Fatal(err)
	}
	mended := filepath.Join(t.TempDir(), "seneka.yaml")
	if err := os.WriteFile(mended, bytes.ReplaceAll(config, []byte("max_reject_ratio: 0.1"), []byte("max_reject_ratio: 1")), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"loaded", "duplicate"} {
		args := []string{"--config", mended, "--yes", "--rejected"}
		if want == "duplicate" {
			args = []string{"--config", mended, "--yes", "--file", p.file(broken.key)}
		}
		if end := p.replay(t, exitOK, args...)["end"][0]; end["outcomes"].(map[string]any)[want] != 1.0 {
			t.Errorf("once it is mended: %v, want it %s", end, want)
		}
	}
	if again := rejected(); len(again["file"]) != 0 {
		t.Errorf("it is still rejected: %v", again)
	}
	p.checkRows(t, append(slices.Clone(files), broken))
	p.checkParked(t)
}

// The command lines of replay and doctor, by scripts. They share a local cloud with a file in it and
// nobody at work.
func TestOperateScripts(t *testing.T) {
	p := startPipeline(t, freePorts()...)
	p.put(t, "a.log", []byte("a line\n"))
	dead, body := p.ready.QueueURL+"-dead-letter", "what is this"
	if _, err := p.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &dead, MessageBody: &body}); err != nil {
		t.Fatal(err)
	}
	ready := p.args[slices.Index(p.args, "--ready-file")+1]
	testscript.Run(t, testscript.Params{
		Dir:  filepath.Join("testdata", "operate"),
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
		Setup: func(env *testscript.Env) error {
			env.Setenv("READY", ready)
			return nil
		},
	})
}

// A doctor makes no call that changes anything or takes a message.
func TestDoctorOnlyReads(t *testing.T) {
	p := startPipeline(t, freePorts()...)
	p.put(t, "a.log", []byte("a line\n"))
	env := p.environment()
	var mu sync.Mutex
	calls := map[string]int{}
	watched := func(address string) string {
		to, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		proxy := httputil.NewSingleHostReverseProxy(to)
		return cloudtest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			calls[strings.TrimSpace(r.Method+" "+r.Header.Get("X-Amz-Target"))]++
			mu.Unlock()
			proxy.ServeHTTP(w, r)
		}))
	}
	env["AWS_ENDPOINT_URL_S3"], env["AWS_ENDPOINT_URL_SQS"] = watched(p.ready.S3), watched(p.ready.SQS)
	env["STORAGE_EMULATOR_HOST"], env["BIGQUERY_EMULATOR_HOST"] = readyfile.HostOf(watched(p.ready.GCS)), readyfile.HostOf(watched(p.ready.BigQuery))
	for name, value := range env {
		t.Setenv(name, value)
	}
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"doctor"}, &stdout, &stderr); code != exitOK {
		t.Errorf("exit code %d: %s%s", code, &stdout, &stderr)
	}
	for call, n := range calls {
		if !slices.Contains([]string{"GET", "HEAD", "POST AmazonSQS.GetQueueAttributes", "POST AmazonSQS.GetQueueUrl"}, call) {
			t.Errorf("%d calls of %s", n, call)
		}
	}
	if calls["GET"] < 10 || calls["POST AmazonSQS.GetQueueAttributes"] != 2 {
		t.Errorf("calls %v: it looked at less than there is", calls)
	}
}
