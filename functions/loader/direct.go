package loader

import (
	"context"

	"github.com/seneka-io/seneka/internal/load"
)

// Load loads one file as a push delivery would, but without a delivery's limit of time: a backfill
// hands files over here. It is safe for concurrent use; see load.Loader.Load.
func (a *App) Load(ctx context.Context, f load.File) (load.Result, error) {
	return a.load(ctx, f)
}
