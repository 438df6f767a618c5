package terraform

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/bigquery"
	write "cloud.google.com/go/bigquery/storage/apiv1"
	"cloud.google.com/go/bigquery/storage/managedwriter"
	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/storage"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	rest "google.golang.org/api/bigquery/v2"
)

// places are what docs/security.md calls the things that permissions are on.
var places = map[string]string{
	"landing bucket": "landing", "ledger bucket": "ledger", "configuration": "config", "datasets": "datasets", "the project": "project", "that topic": "events",
}

// permissions are by place.
type permissions map[string][]string

func (p permissions) add(place string, names ...string) {
	p[place] = slices.Compact(slices.Sorted(slices.Values(append(p[place], names...))))
}

var (
	googlePermission = regexp.MustCompile(`^(storage|bigquery|pubsub)\.\w+\.\w+$`)
	awsAction        = regexp.MustCompile(`^(sqs|s3|kms):\w+$`)
)

// documented reads a program's table in docs/security.md.
func documented(t *testing.T, program string) (google permissions, aws []string) {
	t.Helper()
	google = permissions{}
	for _, row := range rows(section(t, read(t, root+"/docs/security.md"), "### "+program)) {
		for _, name := range quoted(row[1]) {
			if awsAction.MatchString(name) {
				aws = append(aws, name)
			}
			for words, place := range places {
				if googlePermission.MatchString(name) && strings.Contains(row[2], words) {
					google.add(place, name)
				}
			}
		}
	}
	return google, slices.Sorted(slices.Values(aws))
}

// granted reads what the module gives a program.
func granted(t *testing.T, program string) permissions {
	t.Helper()
	m := load(t, "modules/gcp")
	_, roles := m.local("roles")
	role := func(name string) []string {
		e, ok := members(t, roles)[name]
		if !ok {
			t.Fatalf("there is no role %s", name)
		}
		return literal(t, e)
	}
	got := permissions{}
	b, grants := m.local("bucket_grants")
	for name, e := range members(t, grants) {
		g := members(t, e)
		if b.source(g["member"]) != "local."+program {
			continue
		}
		place := strings.TrimSuffix(strings.TrimPrefix(b.source(g["bucket"]), "google_storage_bucket."), ".name")
		if name != program+"_"+place {
			t.Errorf("%s is a grant to %s on %s", name, program, place)
		}
		got.add(place, role(literal(t, g["role"])[0])...)
	}
	for resource, place := range map[string]string{
		"google_bigquery_dataset_iam_member.loader": "datasets", "google_project_iam_member.loader_queries": "project", "google_pubsub_topic_iam_member.loader_tells": "events",
	} {
		r := m.of("resource")[resource]
		if r.source(r.Body.Attributes["member"].Expr) == "local."+program {
			m := regexp.MustCompile(`this\["(\w+)"\]`).FindStringSubmatch(r.source(r.Body.Attributes["role"].Expr))
			got.add(place, role(m[1])...)
		}
	}
	return got
}

// Both programs are given exactly what docs/security.md says that they need, and nothing on anything else.
func TestRolesAreExact(t *testing.T) {
	for name, program := range map[string]string{"Forwarder": "forwarder", "Loader": "loader"} {
		want, _ := documented(t, name)
		if got := granted(t, program); !reflect.DeepEqual(got, want) {
			t.Errorf("the %s is given\n%v\nand needs\n%v", program, got, want)
		}
	}
	_, want := documented(t, "Forwarder")
	b, e := load(t, "modules/aws").local("permissions")
	got := regexp.MustCompile(`"((?:sqs|s3|kms):\w+)"`).FindAllStringSubmatch(b.source(e), -1)
	var actions []string
	for _, m := range got {
		actions = append(actions, m[1])
	}
	if slices.Sort(actions); !slices.Equal(actions, want) {
		t.Errorf("the forwarder is given %v in AWS and needs %v", actions, want)
	}
}

// Roles that are not ours are those of docs/security.md, and of what it takes to build a function.
func TestOthersRolesAreDocumented(t *testing.T) {
	doc := read(t, root+"/docs/security.md")
	found := 0
	for name, m := range modules(t) {
		for _, b := range m.blocks {
			for _, r := range regexp.MustCompile(`"(roles/[\w.]+)"`).FindAllStringSubmatch(string(b.Body.Range().SliceBytes(b.text)), -1) {
				found++
				if !strings.Contains(doc, "`"+r[1]+"`") {
					t.Errorf("%s: %s is granted in %s and docs/security.md does not know it", name, r[1], b.name())
				}
			}
		}
	}
	if found == 0 {
		t.Error("no role was found")
	}
}

// In the ledger the forwarder writes only where the names of its records begin.
func TestForwarderWritesBelowUnmatched(t *testing.T) {
	b, grants := load(t, "modules/gcp").local("bucket_grants")
	below := literal(t, members(t, members(t, grants)["forwarder_ledger"])["below"])[0]
	if !strings.Contains(read(t, root+"/internal/object/object.go"), `return "`+below+`"`) {
		t.Errorf("%s: no record's name begins with %q", b.file, below)
	}
}

// calls are the methods of the SDKs that ask a service for something, as docs/security.md names the calls. A method that asks
// for nothing, since it only prepares, has none.
var calls = map[string]map[string][]string{
	"sqsqueue": {"ReceiveMessage": {"ReceiveMessage"}, "DeleteMessage": {"DeleteMessage"}, "ChangeMessageVisibility": {"ChangeMessageVisibility"},
		"GetQueueAttributes": {"GetQueueAttributes"}, "GetQueueUrl": {"GetQueueUrl"}, "SendMessage": {"SendMessage"}},
	"s3store": {"GetObject": {"GetObject"}, "ListObjectsV2": {"ListObjectsV2"}, "HeadObject": {"HeadObject"}, "GetBucketNotificationConfiguration": {"GetBucketNotificationConfiguration"}},
	"gcsstore": {
		"NewReader": {"objects.get"}, "Attrs": {"objects.get"}, "NewWriter": {"objects.insert"}, "Delete": {"objects.delete"}, "Objects": {"objects.list"},
		"IAM": {"buckets.testIamPermissions"}, "Notifications": {"notifications.list"},
		"Bucket": nil, "Object": nil, "Generation": nil, "If": nil, "ReadCompressed": nil, "Close": nil,
	},
	"bqwrite": {
		"CreateWriteStream": {"CreateWriteStream"}, "AppendRows": {"AppendRows"}, "FinalizeWriteStream": {"FinalizeWriteStream"}, "GetWriteStream": {"GetWriteStream"},
		"BatchCommitWriteStreams": {"BatchCommitWriteStreams"}, "NewManagedStream": {"AppendRows", "GetWriteStream"}, "Close": nil,
	},
	"bqquery": {
		"Get": {"tables.get"}, "Insert": {"tables.insert"}, "Patch": {"tables.patch"}, "Read": {"jobs.query", "jobs.insert", "jobs.getQueryResults"},
		"Metadata": {"datasets.get"}, "List": {"rowAccessPolicies.list"}, "TestIamPermissions": {"tables.testIamPermissions"}, "Run": {"jobs.insert"},
		"Query": nil, "Close": nil, "DatasetInProject": nil,
		"Create": nil, // EnsureDataset, which the local cloud has alone
	},
	"pubsubevents": {"Publish": {"Publish"}, "Publisher": nil, "Stop": nil, "Close": nil},
}

// sdks are the types of the SDKs by whose methods an adapter asks.
var sdks = map[string][]any{
	"sqsqueue": {&sqs.Client{}}, "s3store": {&s3.Client{}},
	"gcsstore":     {&storage.Client{}, &storage.BucketHandle{}, &storage.ObjectHandle{}},
	"bqwrite":      {&write.BigQueryWriteClient{}, &managedwriter.Client{}},
	"bqquery":      {&bigquery.Client{}, &bigquery.Query{}, &bigquery.Dataset{}, &rest.TablesService{}},
	"pubsubevents": {&pubsub.Client{}, &pubsub.Publisher{}},
}

// callName is what calls are named like, and other things in a table are not.
var callName = regexp.MustCompile(`^[A-Z]\w+$|^\w+\.\w+$`)

// Each call of a service that an adapter makes is known here, and docs/security.md has it, so that a role can be checked against
// it. A call that a person's command makes and no program, such as a listing, need not be in the programs' tables.
func TestCallsAreDocumented(t *testing.T) {
	doc := read(t, root+"/docs/security.md")
	known := map[string]bool{}
	for _, program := range []string{"Forwarder", "Loader"} {
		for _, row := range rows(section(t, doc, "### "+program)) {
			for _, call := range quoted(row[0]) {
				known[call] = callName.MatchString(call)
			}
		}
	}
	for _, persons := range []string{
		"ListObjectsV2", "objects.delete", "objects.list", "GetQueueAttributes", "GetQueueUrl", "SendMessage", "HeadObject", "GetBucketNotificationConfiguration",
		"buckets.testIamPermissions", "notifications.list", "datasets.get", "rowAccessPolicies.list", "tables.testIamPermissions",
	} {
		known[persons] = true
	}
	made := map[string]bool{}
	for adapter, types := range sdks {
		for _, method := range called(t, adapter, types) {
			documented, ok := calls[adapter][method]
			if !ok {
				t.Errorf("%s calls %s: name the call here, and what it needs in docs/security.md", adapter, method)
			}
			for _, call := range documented {
				made[call] = true
				if !known[call] {
					t.Errorf("%s calls %s, which docs/security.md does not know", adapter, call)
				}
			}
		}
	}
	for call, is := range known {
		if is && !made[call] && !slices.Contains([]string{"objects.delete", "objects.list"}, call) {
			t.Errorf("docs/security.md has %s, which no adapter calls", call)
		}
	}
}

// called returns the methods of the types that an adapter's code calls, by name.
func called(t *testing.T, adapter string, types []any) []string {
	t.Helper()
	methods := map[string]bool{}
	for _, typ := range types {
		for m := range reflect.TypeOf(typ).NumMethod() {
			methods[reflect.TypeOf(typ).Method(m).Name] = true
		}
	}
	files, err := filepath.Glob(filepath.Join(root, "internal", adapter, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if s, ok := call.Fun.(*ast.SelectorExpr); ok && methods[s.Sel.Name] {
				found[s.Sel.Name] = true
			}
			return true
		})
	}
	if len(found) == 0 {
		t.Fatalf("%s calls nothing", adapter)
	}
	return slices.Sorted(maps.Keys(found))
}
