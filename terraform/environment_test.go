package terraform

import (
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// others read these: the SDKs, and Go itself.
var others = map[string]string{
	"AWS_REGION": "AWS's SDK: Fargate would tell it, Cloud Run does not",
	"GOMEMLIMIT": "Go: it collects earlier before the instance has no memory left",
}

// leftOut are variables that a deployment has no use for, or that a person sets by the variables …environment.
var leftOut = []string{"SENEKA_LOG_LEVEL", "SENEKA_LOG_FORMAT", "SENEKA_LISTEN", "SENEKA_PPROF_PORT"}

// environments are the local values that say what a program is given, by program.
var environments = map[string][][2]string{
	"forwarder": {{"modules/aws", "environment"}, {"modules/gcp", "forwarder_environment"}},
	"loader":    {{"modules/gcp", "loader_environment"}},
}

// What the programs are given they read, and what they read they are given: by what ARCHITECTURE.md says, and by their code.
func TestEnvironment(t *testing.T) {
	table := map[string][]string{}
	for _, row := range rows(section(t, read(t, root+"/ARCHITECTURE.md"), "## Interfaces to the outside")) {
		for _, name := range quoted(row[1]) {
			table[row[0]] = append(table[row[0]], name)
		}
	}
	code := map[string]string{
		"forwarder": source(t, "forwarder", "internal"),
		"loader":    source(t, "functions/loader", "cmd/loader", "internal"),
	}
	for program, places := range environments {
		reads := slices.Concat(table[program], table["both"])
		given := map[string]bool{}
		for _, place := range places {
			_, e := load(t, place[0]).local(place[1])
			for name := range members(t, e) {
				given[name] = true
			}
		}
		if program == "forwarder" { // the root hands it to the one on Fargate
			given["SENEKA_TELEMETRY"] = true
		}
		for name := range given {
			if others[name] != "" {
				continue
			}
			if !slices.Contains(reads, name) {
				t.Errorf("%s is given %s, which it does not read by ARCHITECTURE.md", program, name)
			}
			if !strings.Contains(code[program], `"`+name+`"`) {
				t.Errorf("%s is given %s, which stands nowhere in its code", program, name)
			}
		}
		for _, name := range reads {
			if strings.HasPrefix(name, "SENEKA_") && !given[name] && !slices.Contains(leftOut, name) && !(program == "loader" && name == "SENEKA_METRICS_PORT") {
				t.Errorf("%s reads %s and is not given it: %v", program, name, slices.Sorted(maps.Keys(given)))
			}
		}
	}
}

// source returns the Go code below folders, but for tests.
func source(t *testing.T, dirs ...string) string {
	t.Helper()
	var text strings.Builder
	for _, dir := range dirs {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
				text.WriteString(read(t, path))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return text.String()
}

// A task's time to stop is over the time that the forwarder drains for.
func TestTimeToDrain(t *testing.T) {
	m := regexp.MustCompile(`(?m)^const drain = (\d+) \* time\.Second`).FindStringSubmatch(read(t, root+"/forwarder/service/service.go"))
	if m == nil || m[1] != "25" {
		t.Fatalf("the forwarder drains for %v: see stopTimeout in modules/aws/ecs.tf", m)
	}
	if !strings.Contains(read(t, "modules/aws/ecs.tf"), "stopTimeout = 60") {
		t.Error("the task has not the 60 seconds to stop that are said to be enough")
	}
}
