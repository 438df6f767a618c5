package load

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/spool"
)

// open opens the landing object of f.
func (l *Loader) open(ctx context.Context, f File) (*object.Body, error) {
	body, err := l.Landing.Open(ctx, f.Landed)
	if errkind.Is(err, errkind.NotFound) {
		return nil, fmt.Errorf("%w: %w", errGone, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open: %w", ofService(err))
	}
	return body, nil
}

// inspect begins the attempt anew with the format of this file if the file says itself what its columns
// are, and makes its table, or adds the columns that it lacks. A file whose columns do not go with those of
// the table is errkind.Permanent.
func (a *attempt) inspect(ctx context.Context, old held) error {
	if a.target.Format.Inspect == nil {
		return nil
	}
	body, err := a.open(ctx, a.file)
	if err != nil {
		return err
	}
	defer body.Close()
	checked := newCheckedReader(body)
	checked.progress = func() { a.read = a.Now() }
	found, err := a.formatOf(ctx, checked)
	if err == nil || errkind.Is(err, errkind.Permanent) {
		// As in stage, bytes that were lost on the way come first.
		if sumErr := checked.verify(); sumErr != nil {
			return errkind.With(errkind.Transient, errors.Join(sumErr, err))
		}
	}
	if err != nil {
		return err
	}
	own := a.target
	own.Format = found
	if err := a.Tables.dataset(ctx, own); err != nil {
		return err
	}
	memory := a.memory
	*a = *a.begin(a.file, own, old)
	a.memory = memory
	return nil
}

// formatOf returns the format of the file by what r yields.
func (a *attempt) formatOf(ctx context.Context, r io.Reader) (*format.Format, error) {
	room := func(n int64) error { return a.memory.room(ctx, n) }
	plain, err := format.DecompressWithin(r, format.Bounds{Size: a.file.Size, Room: room})
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	var kept spool.Spool
	defer kept.Close()
	return a.target.Format.Inspect(&roomyReader{plain, room}, format.Options{Spool: kept.Keep})
}
