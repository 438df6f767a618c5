package terraform

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/config"
	"github.com/seneka-io/seneka/internal/format/formats"
)

// Every variable says what it is for and of which type it is, and is used; every output says what it is.
func TestVariablesAndOutputs(t *testing.T) {
	for name, m := range modules(t) {
		var text strings.Builder
		for _, b := range m.blocks {
			if b.Type == "variable" { // its own conditions are no use
				continue
			}
			text.Write(b.Range().SliceBytes(b.text))
			text.Write(b.Body.Range().SliceBytes(b.text))
		}
		for v, b := range m.of("variable") {
			if b.Body.Attributes["description"] == nil || b.Body.Attributes["type"] == nil {
				t.Errorf("%s: variable %s has no description or no type", name, v)
			}
			if !regexp.MustCompile(`\bvar\.` + v + `\b`).MatchString(text.String()) {
				t.Errorf("%s: variable %s is not used", name, v)
			}
		}
		for o, b := range m.of("output") {
			if b.Body.Attributes["description"] == nil {
				t.Errorf("%s: output %s has no description", name, o)
			}
		}
	}
}

// What the root hands on as it is has the same type, defaults included, in the module that takes it.
func TestRootHandsOnTypes(t *testing.T) {
	all := modules(t)
	pass := regexp.MustCompile(`^var\.(\w+)$`)
	handed := 0
	for name, call := range all["root"].of("module") {
		taken := all[name].of("variable")
		for argument, a := range call.Body.Attributes {
			m := pass.FindStringSubmatch(call.source(a.Expr))
			if m == nil {
				continue
			}
			handed++
			from, to := all["root"].of("variable")[m[1]], taken[argument]
			got, want := from.source(from.Body.Attributes["type"].Expr), to.source(to.Body.Attributes["type"].Expr)
			if got != want {
				t.Errorf("%s of the root is\n%s\nand %s of module %s\n%s", m[1], got, argument, name, want)
			}
			a, b := from.Body.Attributes["default"], to.Body.Attributes["default"]
			if a != nil && b != nil && from.source(a.Expr) != to.source(b.Expr) {
				t.Errorf("%s has another default in the root than %s in module %s", m[1], argument, name)
			}
		}
	}
	if handed < 30 {
		t.Errorf("only %d variables are handed on", handed)
	}
}

// Nothing long-lived that proves an identity is made, and nothing that bills behind one's back turned on.
func TestNoKeysNoLineage(t *testing.T) {
	for name, m := range modules(t) {
		for _, b := range m.blocks {
			if b.Type == "resource" && regexp.MustCompile(`(service_account_key|access_key|hmac_key|login_profile)$`).MatchString(b.Labels[0]) {
				t.Errorf("%s makes a key: %s", name, b.name())
			}
			code := regexp.MustCompile(`(?m)#.*$`).ReplaceAllString(string(b.Body.Range().SliceBytes(b.text)), "")
			if strings.Contains(code, "datalineage") {
				t.Errorf("%s: %s turns on the Data Lineage API", name, b.name())
			}
		}
	}
}

// The ledger is kept: it has no lifecycle rule, and Terraform refuses to destroy it.
func TestLedgerIsKept(t *testing.T) {
	ledger, ok := load(t, "modules/gcp").of("resource")["google_storage_bucket.ledger"]
	if !ok {
		t.Fatal("there is no ledger")
	}
	kept := false
	for _, b := range ledger.Body.Blocks {
		switch b.Type {
		case "lifecycle_rule":
			t.Error("the ledger has a lifecycle rule: a file whose claim is gone would be loaded again")
		case "lifecycle":
			v, _ := b.Body.Attributes["prevent_destroy"].Expr.Value(nil)
			kept = v.True()
		}
	}
	if !kept || ledger.Body.Attributes["force_destroy"] != nil {
		t.Error("the ledger can be destroyed")
	}
}

// The configuration that the module writes is one that the programs read. Terraform's test compares what is written with
// the same file.
func TestConfigurationIsRead(t *testing.T) {
	schema := func(_ context.Context, bucket, name string) (io.ReadCloser, error) {
		return nil, errors.New("gs://" + bucket + "/" + name)
	}
	const at = "gs://acme-logs-seneka-config/0123456789ab/seneka.yaml"
	c, err := config.Parse(at, []byte(read(t, "modules/gcp/tests/seneka.yaml")), formats.Known())
	if err != nil {
		t.Fatal(err)
	}
	if c.Landing != "acme-logs-seneka-landing" || c.Ledger != "acme-logs-seneka-ledger" || !c.Compress || len(c.Sources) != 3 {
		t.Errorf("it is read as %+v", c)
	}
	if s := c.Sources[0]; s.MaxRejectRatio != 0.01 {
		t.Errorf("the first source is %+v", s)
	}
	if s := c.Sources[1]; s.Schema != "gs://acme-logs-seneka-config/0123456789ab/schemas/app.json" || s.Partition.Column != "time" || s.OnConflict != config.OnConflictExtra {
		t.Errorf("the second source is %+v; %v", s, s.Partition)
	}
	if s := c.Sources[2]; s.CSV.Delimiter != ";" || s.CSV.Header != "present" {
		t.Errorf("the third source is %+v", s)
	}
	// Its schema lies where the module puts it: beside the configuration.
	if _, err := c.Sources[1].ReadSchema(t.Context(), schema); err == nil || !strings.Contains(err.Error(), "0123456789ab/schemas/app.json") {
		t.Errorf("the schema is looked for at %v", err)
	}
}

// The module takes every key that seneka.yaml has, and no other.
func TestConfigurationHasAllKeys(t *testing.T) {
	var schema struct {
		Properties map[string]struct {
			Items struct{ Properties map[string]json.RawMessage }
		}
	}
	if err := json.Unmarshal([]byte(read(t, root+"/seneka.schema.json")), &schema); err != nil {
		t.Fatal(err)
	}
	m := load(t, "modules/gcp")
	b, written := m.local("config")
	top := slices.Collect(maps.Keys(members(t, written)))
	top = append(top, "events") // by a loop, where it is wanted
	if want := slices.Sorted(maps.Keys(schema.Properties)); !slices.Equal(slices.Sorted(slices.Values(top)), want) {
		t.Errorf("the module writes %v, the configuration has %v", top, want)
	}
	for key := range schema.Properties["sources"].Items.Properties {
		if !regexp.MustCompile(`\b` + key + ` = (s\.` + key + `|s\.` + key + ` == null .*)`).MatchString(b.source(written)) {
			t.Errorf("the module does not write %s of a source", key)
		}
		if v := m.of("variable")["sources"]; !regexp.MustCompile(`\b` + key + ` = `).MatchString(v.source(v.Body.Attributes["type"].Expr)) {
			t.Errorf("variable sources does not take %s", key)
		}
	}
}

// The function is called as the root of the module registers it.
func TestFunctionIsRegistered(t *testing.T) {
	f := load(t, "modules/gcp").of("resource")["google_cloudfunctions2_function.loader"]
	for _, b := range f.Body.Blocks {
		if b.Type != "build_config" {
			continue
		}
		entry := literal(t, b.Body.Attributes["entry_point"].Expr)[0]
		if !strings.Contains(read(t, root+"/function.go"), `functions.HTTP("`+entry+`"`) {
			t.Errorf("function.go registers no %s", entry)
		}
		return
	}
	t.Error("the function is not built")
}

// What is made is called as the local cloud calls it, and as the commands look for it: with the prefix seneka.
func TestNamesAreTheLocalCloudsToo(t *testing.T) {
	local := read(t, root+"/internal/localcloud/localcloud.go")
	gcp, aws := load(t, "modules/gcp").of("resource"), load(t, "modules/aws").of("resource")
	name := func(b block) string {
		return strings.NewReplacer(`"`, "", "${var.name}", "seneka", "var.name", "seneka", "${local.loader_name}", "seneka-loader").Replace(b.source(b.Body.Attributes["name"].Expr))
	}
	for resource, text := range map[string]string{
		"google_pubsub_topic.landing":             `topic        = "projects/" + Project + "/topics/%"`,
		"google_pubsub_subscription.loader":       `subscription = "projects/" + Project + "/subscriptions/%"`,
		"google_pubsub_topic.dead_letters":        `deadTopic    = "projects/" + Project + "/topics/%"`,
		"google_pubsub_subscription.dead_letters": `deadSub      = "projects/" + Project + "/subscriptions/%"`,
	} {
		if want := strings.Replace(text, "%", name(gcp[resource]), 1); !strings.Contains(local, want) {
			t.Errorf("%s is %s: the local cloud has another name", resource, name(gcp[resource]))
		}
	}
	queue, dead := name(aws["aws_sqs_queue.events"]), name(aws["aws_sqs_queue.dead_letters"])
	if suffix, ok := strings.CutPrefix(dead, queue); !ok || !strings.Contains(local, `deadSuffix   = "`+suffix+`"`) {
		t.Errorf("the queues are %s and %s: the local cloud has another suffix", queue, dead)
	}
}
