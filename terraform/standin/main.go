// Command standin is a Terraform provider that knows the arguments of Google's and can do nothing else:
// enough for `terraform validate`, and for `terraform test` with mocked providers, where the real one is
// not at hand. The lists are those of google.json; it does not know which values Google takes.
package main

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tfprotov5/tf5server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/seneka-io/seneka/terraform/standin/schema"
)

//go:embed google.json
var lists []byte

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "standin:", err)
		os.Exit(1)
	}
}

func serve() error {
	p, err := load(lists)
	if err != nil {
		return err
	}
	return tf5server.Serve("registry.terraform.io/hashicorp/google", func() tfprotov5.ProviderServer { return p })
}

// provider answers what Terraform asks before it does anything. Of the rest, which would be a use of the
// cloud, it has nothing: the embedded interface is nil.
type provider struct {
	tfprotov5.ProviderServer
	answer *tfprotov5.GetProviderSchemaResponse
}

// load reads the lists.
func load(data []byte) (*provider, error) {
	var lists schema.Provider
	if err := json.Unmarshal(data, &lists); err != nil {
		return nil, err
	}
	answer := &tfprotov5.GetProviderSchemaResponse{
		// What examples configure.
		Provider: &tfprotov5.Schema{Block: &tfprotov5.SchemaBlock{Attributes: []*tfprotov5.SchemaAttribute{
			{Name: "project", Type: tftypes.String, Optional: true},
			{Name: "region", Type: tftypes.String, Optional: true},
		}}},
		ResourceSchemas: map[string]*tfprotov5.Schema{}, DataSourceSchemas: map[string]*tfprotov5.Schema{},
	}
	for into, from := range map[*map[string]*tfprotov5.Schema]map[string]*schema.Block{&answer.ResourceSchemas: lists.Resources, &answer.DataSourceSchemas: lists.Data} {
		for name, b := range from {
			block, err := translate(b)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			(*into)[name] = &tfprotov5.Schema{Block: block}
		}
	}
	return &provider{answer: answer}, nil
}

// translate makes a block of the lists one of Terraform's protocol.
func translate(b *schema.Block) (*tfprotov5.SchemaBlock, error) {
	out := &tfprotov5.SchemaBlock{}
	add := func(types map[string]json.RawMessage, a tfprotov5.SchemaAttribute) error {
		for _, name := range slices.Sorted(maps.Keys(types)) {
			typ, err := tftypes.ParseJSONType(types[name]) //nolint:staticcheck // there is no other way to read one
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			a := a
			a.Name, a.Type = name, typ
			out.Attributes = append(out.Attributes, &a)
		}
		return nil
	}
	err := cmp.Or(
		add(b.Required, tfprotov5.SchemaAttribute{Required: true}),
		add(b.Optional, tfprotov5.SchemaAttribute{Optional: true, Computed: true}),
		add(b.Computed, tfprotov5.SchemaAttribute{Computed: true}),
	)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(b.Blocks)) {
		inner, err := translate(b.Blocks[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		nested := &tfprotov5.SchemaNestedBlock{TypeName: name, Block: inner, Nesting: tfprotov5.SchemaNestedBlockNestingModeList, MaxItems: 1}
		if b.Blocks[name].Many {
			nested.MaxItems = 0
		}
		if b.Blocks[name].Needed {
			nested.MinItems = 1
		}
		out.BlockTypes = append(out.BlockTypes, nested)
	}
	return out, nil
}

// GetMetadata names the resources.
func (p *provider) GetMetadata(context.Context, *tfprotov5.GetMetadataRequest) (*tfprotov5.GetMetadataResponse, error) {
	answer := &tfprotov5.GetMetadataResponse{ServerCapabilities: p.answer.ServerCapabilities}
	for name := range p.answer.ResourceSchemas {
		answer.Resources = append(answer.Resources, tfprotov5.ResourceMetadata{TypeName: name})
	}
	for name := range p.answer.DataSourceSchemas {
		answer.DataSources = append(answer.DataSources, tfprotov5.DataSourceMetadata{TypeName: name})
	}
	return answer, nil
}

// GetProviderSchema tells the arguments.
func (p *provider) GetProviderSchema(context.Context, *tfprotov5.GetProviderSchemaRequest) (*tfprotov5.GetProviderSchemaResponse, error) {
	return p.answer, nil
}

// PrepareProviderConfig takes any.
func (p *provider) PrepareProviderConfig(_ context.Context, r *tfprotov5.PrepareProviderConfigRequest) (*tfprotov5.PrepareProviderConfigResponse, error) {
	return &tfprotov5.PrepareProviderConfigResponse{PreparedConfig: r.Config}, nil
}

// ValidateResourceTypeConfig takes any: Terraform has looked at names and types.
func (p *provider) ValidateResourceTypeConfig(context.Context, *tfprotov5.ValidateResourceTypeConfigRequest) (*tfprotov5.ValidateResourceTypeConfigResponse, error) {
	return &tfprotov5.ValidateResourceTypeConfigResponse{}, nil
}

// ValidateDataSourceConfig takes any.
func (p *provider) ValidateDataSourceConfig(context.Context, *tfprotov5.ValidateDataSourceConfigRequest) (*tfprotov5.ValidateDataSourceConfigResponse, error) {
	return &tfprotov5.ValidateDataSourceConfigResponse{}, nil
}

// StopProvider has nothing to stop.
func (p *provider) StopProvider(context.Context, *tfprotov5.StopProviderRequest) (*tfprotov5.StopProviderResponse, error) {
	return &tfprotov5.StopProviderResponse{}, nil
}
