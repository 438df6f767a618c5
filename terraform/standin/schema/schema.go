// Package schema is the arguments and attributes of a provider's resources, as taken from its published
// types, in a form that is short enough to be committed.
package schema

import "encoding/json"

// Provider is the file google.json.
type Provider struct {
	Provider  string            `json:"provider"` // address and version
	Source    string            `json:"source"`   // where the lists were taken from
	Resources map[string]*Block `json:"resources"`
	Data      map[string]*Block `json:"data"`
}

// Block is what may stand in a block, or in a resource itself. Types are those of Terraform's protocol:
// "string", ["list","string"], ["object",{"uri":"string"}].
type Block struct {
	Many     bool                       `json:"many,omitempty"`   // it may come more than once
	Needed   bool                       `json:"needed,omitempty"` // it must be there
	Required map[string]json.RawMessage `json:"required,omitempty"`
	Optional map[string]json.RawMessage `json:"optional,omitempty"` // the types do not tell which of them are computed as well
	Computed map[string]json.RawMessage `json:"computed,omitempty"`
	Blocks   map[string]*Block          `json:"blocks,omitempty"`
}
