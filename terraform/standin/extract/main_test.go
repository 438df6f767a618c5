package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// In the form of the package's files, with one of each kind: required and optional, list, map, block, blocks, what is computed.
const (
	types = `export interface ThingConfig extends cdktf.TerraformMetaArguments {
    /**
    * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/hashicorp/google/1.2.3/docs/resources/thing#display_name Thing#display_name}
    */
    readonly displayName: string;
    /**
    * It holds { braces }.
    *
    * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/hashicorp/google/1.2.3/docs/resources/thing#labels Thing#labels}
    */
    readonly labels?: {
        [key: string]: string;
    };
    /**
    * rule block
    *
    * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/hashicorp/google/1.2.3/docs/resources/thing#rule Thing#rule}
    */
    readonly rule?: ThingRule[] | cdktf.IResolvable;
    /**
    * policy block
    *
    * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/hashicorp/google/1.2.3/docs/resources/thing#policy Thing#policy}
    */
    readonly policy: ThingPolicy;
}
export interface ThingRule {
    /**
    * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/hashicorp/google/1.2.3/docs/resources/thing#ages Thing#ages}
    */
    readonly ages: number[];
}
export interface ThingPolicy {
    /**
    * Docs at Terraform Registry: {@link https://registry.terraform.io/providers/hashicorp/google/1.2.3/docs/resources/thing#on Thing#on}
    */
    readonly on?: boolean | cdktf.IResolvable;
}
`
	code = `
class ThingPolicyOutputReference extends cdktf.ComplexObject {
    get on() {
        return this.getBooleanAttribute('on');
    }
    get since() {
        return this.getStringAttribute('since');
    }
}
class ThingStateOutputReference extends cdktf.ComplexObject {
    get count() {
        return this.getNumberAttribute('count');
    }
}
class Thing extends cdktf.TerraformResource {
    constructor(scope, id, config) {
        this._state = new ThingStateList(this, "state", false);
        this._allLabels = new cdktf.StringMap(this, "all_labels");
        this._policy = new ThingPolicyOutputReference(this, "policy");
    }
    get displayName() {
        return this.getStringAttribute('display_name');
    }
    get selfLink() {
        return this.getStringAttribute('self_link');
    }
}
`
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestExtract(t *testing.T) {
	pkg, modules := t.TempDir(), t.TempDir()
	write(t, pkg+"/package.json", `{"name": "@cdktf/provider-google", "version": "9.8.7", "cdktf": {"provider": {"name": "registry.terraform.io/hashicorp/google", "version": "1.2.3"}}}`)
	write(t, pkg+"/lib/thing/index.d.ts", types)
	write(t, pkg+"/lib/thing/index.js", code)
	write(t, pkg+"/lib/data-google-thing/index.d.ts", types)
	write(t, pkg+"/lib/data-google-thing/index.js", strings.ReplaceAll(code, "TerraformResource", "TerraformDataSource"))
	write(t, modules+"/a/main.tf", "resource \"google_thing\" \"x\" {}\n\ndata \"google_thing\" \"x\" {}\nresource \"aws_thing\" \"x\" {}\n")
	p, err := extract(pkg, modules)
	if err != nil {
		t.Fatal(err)
	}
	if p.Provider != "registry.terraform.io/hashicorp/google 1.2.3" || !strings.Contains(p.Source, "@cdktf/provider-google 9.8.7") {
		t.Errorf("they are of %q, from %q", p.Provider, p.Source)
	}
	got, err := json.Marshal(p.Resources)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"google_thing":{"required":{"display_name":"string"},"optional":{"labels":["map","string"]},` +
		`"computed":{"all_labels":["map","string"],"self_link":"string","state":["list",["object",{"count":"number"}]]},` +
		`"blocks":{"policy":{"needed":true,"optional":{"on":"bool"},"computed":{"since":"string"}},"rule":{"many":true,"required":{"ages":["list","number"]}}}}}`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if p.Data["google_thing"] == nil {
		t.Error("the data source was left out")
	}
}

// A package in another form, or without what a module uses, is an error, and not an empty list.
func TestExtractRefuses(t *testing.T) {
	for want, change := range map[string]func(pkg, modules string){
		"no resource of Google's":      func(_, modules string) { write(t, modules+"/main.tf", "") },
		"no such file":                 func(_, modules string) { write(t, modules+"/main.tf", `resource "google_other" "x" {}`) },
		"no class of a resource":       func(pkg, _ string) { write(t, pkg+"/lib/thing/index.js", "") },
		"the package has another form": func(pkg, _ string) { write(t, pkg+"/lib/thing/index.d.ts", "") },
	} {
		pkg, modules := t.TempDir(), t.TempDir()
		write(t, pkg+"/package.json", `{}`)
		write(t, pkg+"/lib/thing/index.d.ts", types)
		write(t, pkg+"/lib/thing/index.js", code)
		write(t, modules+"/main.tf", `resource "google_thing" "x" {}`)
		change(pkg, modules)
		if _, err := extract(pkg, modules); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want it to say %q", err, want)
		}
	}
}
