// Package seneka is the root that the Go functions buildpack imports: it registers the loader as
// the function "Load" and does nothing else. The buildpack looks for functions in the module's
// root package only.
package seneka

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"github.com/seneka-io/seneka/functions/loader"
)

func init() {
	functions.HTTP("Load", new(loader.Function).ServeHTTP)
}
