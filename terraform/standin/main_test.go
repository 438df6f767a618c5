package main

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
)

// The lists that are committed become a schema: what is required is, and blocks come as often as they may.
func TestLoad(t *testing.T) {
	p, err := load(lists)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := p.GetProviderSchema(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	bucket := answer.ResourceSchemas["google_storage_bucket"].Block
	attributes := map[string]*tfprotov5.SchemaAttribute{}
	for _, a := range bucket.Attributes {
		attributes[a.Name] = a
	}
	if a := attributes["location"]; !a.Required || a.Computed || !attributes["labels"].Optional || !attributes["url"].Computed || attributes["url"].Optional {
		t.Errorf("location is %+v, labels %+v, url %+v", a, attributes["labels"], attributes["url"])
	}
	most := map[string]int64{}
	for _, b := range bucket.BlockTypes {
		most[b.TypeName] = b.MaxItems
	}
	if most["soft_delete_policy"] != 1 || most["lifecycle_rule"] != 0 {
		t.Errorf("blocks come at most %v times", most)
	}
	if answer.DataSourceSchemas["google_project"] == nil {
		t.Error("there is no data source google_project")
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, data := range []string{"{", `{"resources": {"google_x": {"required": {"a": "no type"}}}}`, `{"data": {"google_x": {"blocks": {"b": {"optional": {"a": ["list"]}}}}}}`} {
		if _, err := load([]byte(data)); err == nil {
			t.Errorf("%s is taken", data)
		}
	}
}
